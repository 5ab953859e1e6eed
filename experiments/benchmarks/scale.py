"""A thousand short trials on a hundred simulated nodes that die and join: what it costs the driver and the servers.

    python experiments/benchmarks/scale.py [--nodes 100] [--trials 1000] [--deaths 20] [--seed 0]

Ray's own local cluster with a made-up GPU on each node and none on the head. The nodes run without Ray's agents
(`tests/servers/light_nodes.py`): what limits their number on one machine is then the memory of the trials' processes.
The study lies in PostgreSQL, checkpoints in an S3-compatible server, every epoch goes to a real MLflow server. At
seeded moments a node is killed and another one joins. Writes `experiments/results/scale.csv`, a row every few
seconds, and `scale.png`: memory and processor of the driver, places kept at work, requests to store and tracking, over
time and over the number of trials.
"""

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from dataclasses import astuple, fields
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from experiments.benchmarks.conditions import RESULTS, conditions, write_csv
from experiments.benchmarks.scale_curves import Curves, Sample, draw, summary
from garment_sweeps.experiment import Experiment
from tests.chaos.driver import SupervisedDriver
from tests.chaos.parts import BUCKET, inherited, make_bucket
from tests.chaos.progress import Progress
from tests.chaos.records import faults_of_study, study_trials
from tests.chaos.run import chaos_experiment
from tests.servers.mlflow import Mlflow
from tests.servers.postgres import postgres_server
from tests.servers.ray_cluster import RayCluster, ray_cluster
from tests.servers.s3 import moto_server

STARTS_AT_ONCE = {"RAY_worker_register_timeout_seconds": "1800", "RAY_prestart_worker_first_driver": "0"}
"""For Ray's nodes: a hundred processes that start on few cores take longer than the minute after which Ray would kill
each and start another; and none starts before there is a trial for it."""


def main() -> int:
    """Runs, writes, draws, prints a summary. Exits 1 where a trial is lost, doubled or has another curve."""
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # and everything that was started is ended
    experiment = chaos_experiment(options.trials, options.epochs, options.seed).with_values(
        {"name": "scale", "resources.gpus": 1.0}
    )
    folder = Path(options.folder or tempfile.mkdtemp(prefix="garment-scale-"))
    (folder / "home").mkdir(parents=True, exist_ok=True)
    print(f"logs and data in {folder}", flush=True)
    with ExitStack() as stack:
        environment, store_log = _servers(stack, folder, options.untracked)
        stack.enter_context(inherited({**environment, **STARTS_AT_ONCE}))
        cluster = stack.enter_context(ray_cluster())
        samples, faults = _sweep(cluster, experiment, options, folder, environment, store_log)
    about = f"{_words(options, samples)}; {conditions(options.seed)}"
    path = write_csv(options.name, about, [f.name for f in fields(Sample)], [astuple(sample) for sample in samples])
    draw(samples, options.seconds_per_epoch, RESULTS / f"{options.name}.png", about)
    print(about)
    print(summary(samples, options.seconds_per_epoch * options.epochs))
    for fault in faults:
        print(f"FAULT: {fault}")
    print(f"written: {path}, {path.with_suffix('.png')}")
    return 1 if faults else 0


def _sweep(
    cluster: RayCluster,
    experiment: Experiment,
    options: argparse.Namespace,
    folder: Path,
    environment: dict[str, str],
    store_log: Path,
) -> tuple[list[Sample], list[str]]:
    for _ in range(options.nodes):
        cluster.add_node(cpus=1, gpus=1, wait=False)
    file = folder / "experiment.json"
    file.write_text(json.dumps(experiment.plain()))
    arguments = [str(file), "--tabulated", str(options.seconds_per_epoch)]
    arguments += ["--untracked"] if options.untracked else []
    url = environment["GARMENT_OPTUNA_STORAGE"]
    driver = SupervisedDriver(arguments, {**os.environ, "RAY_ADDRESS": cluster.address}, folder / "driver.log")
    curves = Curves(url, experiment.name, driver, cluster, folder / "server.log", store_log)
    progress = Progress(url, experiment.name, driver)
    reaper = threading.Thread(target=_deaths, args=(cluster, options, progress, driver), daemon=True)
    reaper.start()
    try:
        while not driver.done:
            curves.sample()
            progress.now()
            time.sleep(options.every)
        curves.sample()
    finally:
        driver.stop()
        reaper.join(timeout=60)
    faults = [] if driver.good else [f"the sweep did not come to its end; see {folder / 'driver.log'}"]
    faults += [f"the driver ended by itself: {end.said}" for end in driver.ends]
    return curves.samples, faults + faults_of_study(study_trials(url, experiment.name), experiment)


def _deaths(cluster: RayCluster, options: argparse.Namespace, progress: Progress, driver: SupervisedDriver) -> None:
    """Kills nodes at seeded counts of epochs; after each another one joins."""
    rng = random.Random(options.seed)
    moments = sorted(rng.uniform(0.1, 0.9) * options.trials * options.epochs for _ in range(options.deaths))
    for moment in moments:
        while progress.looks[-1][1] < moment:
            if driver.done:
                return
            time.sleep(0.2)
        cluster.kill_node(rng.choice(cluster.nodes))
        time.sleep(rng.uniform(0.5, 5.0))
        cluster.add_node(cpus=1, gpus=1)


def _servers(stack: ExitStack, folder: Path, untracked: bool) -> tuple[dict[str, str], Path]:
    """Starts them; the environment that finds them, and the log of the store's requests."""
    store = stack.enter_context(moto_server(folder))
    environment = {"GARMENT_HOME": str(folder / "home"), "OMP_NUM_THREADS": "1", **store.environment}
    environment |= {"GARMENT_OPTUNA_STORAGE": stack.enter_context(postgres_server()).url}
    environment |= {"GARMENT_STORAGE": f"s3://{BUCKET}/sweeps", "RAY_USAGE_STATS_ENABLED": "0"}
    make_bucket(environment)
    if not untracked:
        server = Mlflow(folder)
        stack.callback(server.stop)
        server.start()
        environment["MLFLOW_TRACKING_URI"] = server.url
    return environment, folder / "moto.log"


def _words(options: argparse.Namespace, samples: list[Sample]) -> str:
    most = max(sample.nodes for sample in samples)
    return (
        f"{options.trials} trials of {options.epochs} epochs of {options.seconds_per_epoch:g} s on {most} nodes of one "
        f"made-up GPU each, {options.deaths} of them killed and replaced"
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nodes", type=int, default=100)
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--deaths", type=int, default=20)
    parser.add_argument("--epochs", type=int, default=4, help="of a trial")
    parser.add_argument("--seconds-per-epoch", type=float, default=5.0)
    parser.add_argument("--every", type=float, default=5.0, help="seconds between two rows")
    parser.add_argument("--seed", type=int, default=0, help="of the deaths and of the sweep's sampler")
    parser.add_argument("--untracked", action="store_true", help="without MLflow")
    parser.add_argument("--name", default="scale", help="of the results' files")
    parser.add_argument("--folder", help="for logs and data; a new one in the temporary folder by default")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
