"""What tracking costs a real training: the share of a trial's time that its training thread spends in tracking calls.

    python experiments/benchmarks/tracking_overhead.py [--epochs 40] [--samples 64] [--seed 0]

A small model trains on made-up cylinders through `TrialJob`, as a sweep's trial does, against a real MLflow server:
parameters, every epoch's metrics, checkpoints, model, gallery and outcome. Its peer is the same training with the plain
`MlflowClient`, which logs the same things and waits for each. Then the same trial while the server hangs (SIGSTOP) from
the third epoch on: what its epochs take longer. Writes `experiments/results/tracking_overhead.csv`. Exits 1 where
tracking takes 1 % of the trial's time or more, or where the trial did not end under the hanging server.
"""

import argparse
import os
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from experiments.benchmarks.conditions import conditions, write_csv
from garment_sweeps.settings.environment import StorageConfig
from garment_sweeps.tracking import SweepRun
from garment_sweeps.tracking.sweep_run import TrackingConfig
from garment_sweeps.trials import tracked
from garment_sweeps.trials.checkpoints import TrialStore
from garment_sweeps.trials.context import TrialContext
from garment_sweeps.trials.job import TrialJob
from tests.garment_uv.cylinder import small_config, write_dataset
from tests.servers.mlflow import Mlflow

GOAL = 0.01
TRIAL = {"id": "t00000", "number": 0}
STALL_AFTER = 2
CALLS = ("open", "epoch", "save", "end")


class Clock:
    """Seconds that the training thread spent in calls of something."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.parts: dict[str, float] = {}
        self._depth = 0

    @contextmanager
    def running(self, name: str):
        """Counts what happens inside; calls inside calls count once."""
        began = time.perf_counter()
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            if self._depth == 0:
                took = time.perf_counter() - began
                self.seconds += took
                self.parts[name] = self.parts.get(name, 0.0) + took

    def timed(self, function, name: str):
        """The function, with its calls counted."""

        def call(*arguments, **named):
            with self.running(name):
                return function(*arguments, **named)

        return call


def main() -> int:
    """Trains three times and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--samples", type=int, default=64, help="to train on")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory(prefix="garment-tracking-") as name:
        folder = Path(name)
        uri = str(write_dataset(folder / "dataset", train=options.samples))
        changes = {"data.uri": uri, "training.epochs": options.epochs, "training.threads": 1, "seed": options.seed}
        config = small_config(**changes)
        server = Mlflow(folder)
        os.environ["MLFLOW_TRACKING_URI"] = server.url
        try:
            server.start()
            short = config.with_values({"training.epochs": STALL_AFTER + 1})
            train_plainly(short, folder, server, "warm-up")  # imports and kernels
            plain = train_plainly(config, folder, server, "plain")
            ours = train_ours(config, folder, server, "ours")
            stalled = train_ours(config, folder, server, "stalled", stall=True)
        finally:
            server.go_on()
            server.stop()
    return report(options, ours, plain, stalled)


def train_ours(config, folder: Path, server: Mlflow, name: str, stall: bool = False) -> dict:
    """A trial as Tune runs it: a step, a checkpoint, and so on; what it took, and its tracking."""
    clock = Clock()
    kept = tracked.TrialTracking, tracked.make_record, tracked.place_tags
    tracked.TrialTracking, tracked.make_record, tracked.place_tags = (
        _timed_tracking(clock),
        clock.timed(tracked.make_record, "open"),
        clock.timed(tracked.place_tags, "open"),
    )
    context = _context(config, folder, server, name)
    store = TrialStore.open(context.storage, name, TRIAL["id"], 0)
    try:
        began, epochs = time.perf_counter(), []
        job = TrialJob(context, TRIAL, {})
        while True:
            if stall and len(epochs) == STALL_AFTER:
                server.pause()
            start = time.perf_counter()
            result = job.step()
            if result.get("done"):
                break
            with tempfile.TemporaryDirectory() as checkpoint:
                job.save(Path(checkpoint))
                store.put(Path(checkpoint), result["epoch"])
            epochs.append(time.perf_counter() - start)
        whole = time.perf_counter() - began
        job.close()
    finally:
        server.go_on()
        tracked.TrialTracking, tracked.make_record, tracked.place_tags = kept
    return {"whole_s": whole, "tracking_s": clock.seconds, "epochs": epochs, "calls": clock.parts}


def train_plainly(config, folder: Path, server: Mlflow, name: str) -> dict:
    """The same training and checkpoints, logged by MLflow's client, which waits for every answer."""
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Param

    from garment_sweeps.ray.nodes import Place
    from garment_sweeps.trials.work import open_training

    clock = Clock()
    context = _context(config, folder, server, name)
    store = TrialStore.open(context.storage, name, TRIAL["id"], 0)
    began, epochs = time.perf_counter(), []
    work = open_training(context, config, Place())
    with clock.running("open"):
        client = MlflowClient(server.url)
        run = client.create_run(context.tracking.experiment_id, run_name=TRIAL["id"]).info.run_id
        params = [Param(path, str(value)) for path, value in config.flat().items()]
        for first in range(0, len(params), 100):
            client.log_batch(run, params=params[first : first + 100])
    for epoch in range(1, config.training.epochs + 1):
        start = time.perf_counter()
        metrics = work.run_epoch()
        with clock.running("epoch"):
            now = int(time.time() * 1000)
            client.log_batch(run, metrics=[Metric(key, value, now, epoch) for key, value in metrics.items()])
        with tempfile.TemporaryDirectory() as checkpoint:
            work.save(Path(checkpoint) / "work")
            store.put(Path(checkpoint), epoch)
        epochs.append(time.perf_counter() - start)
    with tempfile.TemporaryDirectory() as made:
        work.costs()
        work.export(Path(made) / "model")
        work.gallery(Path(made) / "gallery")
        with clock.running("end"):
            for artifact in ("model", "gallery"):
                client.log_artifacts(run, str(Path(made) / artifact), artifact)
            client.set_tag(run, "garment.outcome", "complete")
            client.set_terminated(run)
    whole = time.perf_counter() - began
    work.close()
    return {"whole_s": whole, "tracking_s": clock.seconds, "epochs": epochs, "calls": clock.parts}


def report(options, ours: dict, plain: dict, stalled: dict) -> int:
    """Prints and keeps the figures, and says whether the goals are reached."""
    about = f"{options.epochs} epochs of {options.samples} samples; {conditions(options.seed)}"
    print(f"{about}\nseconds in tracking calls of the training thread:")
    rows = []
    for name, run in (("garment-sweeps", ours), ("MlflowClient, waiting", plain), ("garment-sweeps, stalled", stalled)):
        parts = ", ".join(f"{call} {seconds:.3f}" for call, seconds in run["calls"].items())
        share = run["tracking_s"] / run["whole_s"]
        print(f"{name:>24}: {run['tracking_s']:7.3f} of {run['whole_s']:6.1f} s = {100 * share:6.3f} %   ({parts})")
        epoch_s = round(median(run["epochs"][STALL_AFTER:]), 4)
        calls = [round(run["calls"].get(call, 0.0), 4) for call in CALLS]
        rows.append((name, round(run["whole_s"], 2), round(run["tracking_s"], 4), *calls, epoch_s))
    write_csv("tracking_overhead", about, ("kind", "whole_s", "tracking_s", *CALLS, "median_epoch_s"), rows)
    print(f"ratio: the plain client takes {plain['tracking_s'] / ours['tracking_s']:.1f} times as long")
    before, during = median(ours["epochs"][STALL_AFTER:]), median(stalled["epochs"][STALL_AFTER:])
    print(f"median epoch: {before:.3f} s, while the server hangs {during:.3f} s: {during - before:+.3f} s an epoch")
    share = ours["tracking_s"] / ours["whole_s"]
    reached = share < GOAL and len(stalled["epochs"]) == options.epochs - 1
    verdict = "reached" if reached else "NOT REACHED"
    print(f"{verdict}: under {100 * GOAL:g} % of the trial's time, and no stall under SIGSTOP")
    return 0 if reached else 1


def _timed_tracking(clock: Clock) -> type:
    """TrialTracking whose calls are counted."""
    names = {"__init__": "open", "epoch": "epoch", "keep": "keep", "save": "save", "end": "end"}
    methods = {method: clock.timed(getattr(tracked.TrialTracking, method), name) for method, name in names.items()}
    return type("TimedTracking", (tracked.TrialTracking,), methods)


def _context(config, folder: Path, server: Mlflow, name: str) -> TrialContext:
    run = SweepRun.start("tracking_overhead", name, {})
    ids = {"experiment_id": run.experiment_id, "parent_run_id": run.run_id}
    return TrialContext(
        sweep=name,
        session=0,
        base=config,
        metric="s2s/all",
        checkpoint_every=1,
        storage=StorageConfig(uri=str(folder / "store")),
        home=str(folder / "home"),
        cpus=1,
        tracking=TrackingConfig(uri=server.url, **ids),
    )


if __name__ == "__main__":
    sys.exit(main())
