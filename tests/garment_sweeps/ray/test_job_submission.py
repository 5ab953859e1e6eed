"""A head started by hand, and sweeps sent to it through Ray Jobs, as the README says it."""

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from garment_sweeps.ray import submit
from tests.garment_uv.cylinder import small_config, write_dataset
from tests.servers.ports import free_port

pytestmark = pytest.mark.cluster
ROOT = Path(__file__).resolve().parents[3]
SECONDS = 540

EXPERIMENT = """
from garment_sweeps.experiment import Experiment, FinalsConfig, Float, Space
from garment_uv.training.trial import TrialConfig


def experiment():
    return Experiment(
        name="submitted",
        description="sent to a cluster",
        base=TrialConfig().with_values({changes!r}),
        space=Space(parameters=(Float(path="loss.adversarial", low=1e-4, high=1e-1, log=True),)),
        trials=2,
        scheduler=None,
        finals=FinalsConfig(finalists=0),
    )
"""


@contextmanager
def head(environment: dict[str, str]):
    """`ray start --head` with ports and a folder of its own; ended by process id."""
    folder = tempfile.mkdtemp(prefix="r", dir="/tmp")  # Ray's socket paths must be short
    port, client, dashboard, agent, metrics, runtime = (free_port() for _ in range(6))
    command = [
        *("ray", "start", "--head", "--block", "--num-cpus=2", "--disable-usage-stats", f"--temp-dir={folder}"),
        *(f"--port={port}", f"--ray-client-server-port={client}", f"--dashboard-port={dashboard}"),
        *(f"--dashboard-agent-listen-port={agent}", f"--metrics-export-port={metrics}"),
        *(f"--runtime-env-agent-port={runtime}", "--dashboard-host=127.0.0.1", "--object-store-memory=100000000"),
    ]
    with open(Path(folder) / "head.log", "w") as log:
        process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{dashboard}"
    try:
        wait_for(address, process, Path(folder) / "head.log")
        yield address
    finally:
        ours = psutil.Process(process.pid).children(recursive=True)
        ours += [p for p in psutil.process_iter(["cmdline"]) if folder in " ".join(p.info["cmdline"] or [])]
        process.terminate()
        _, alive = psutil.wait_procs(ours, timeout=20)
        for one in alive:
            if one.is_running():
                one.kill()
        process.kill()  # where it has not ended by itself
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def wait_for(address: str, process: subprocess.Popen, log: Path) -> None:
    end = time.monotonic() + 300
    while True:
        try:
            with urllib.request.urlopen(f"{address}/api/version", timeout=10):
                return
        except urllib.error.HTTPError:
            return  # it is there, and wants its token
        except OSError:
            assert process.poll() is None and time.monotonic() < end, log.read_text()[-2000:]
            time.sleep(0.5)


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """What git would send: the tracked files and two more experiments, of which one asks for GPUs."""
    made = tmp_path_factory.mktemp("submitted")
    folder = made / "clone"
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True).stdout.split("\0")
    kept = [n for n in names if n.split("/")[0] in {"model", "platform", "experiments", "pyproject.toml"}]
    for name in kept:
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    uri = str(write_dataset(made / "dataset"))
    changes = small_config(**{"data.uri": uri, "training.epochs": 2}).flat()
    ready = EXPERIMENT.replace("{changes!r}", repr(changes))
    (folder / "experiments" / "submitted.py").write_text(ready)
    greedy = ready.replace("scheduler=None", "scheduler=None, resources=ResourcesConfig(gpus=0.5)").replace(
        "import Experiment", "import ResourcesConfig, Experiment"
    )
    (folder / "experiments" / "greedy.py").write_text(greedy.replace('name="submitted"', 'name="greedy"'))
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """GARMENT_HOME of the head and all its jobs."""
    return tmp_path_factory.mktemp("head") / "home"


@pytest.fixture(scope="module")
def run(clone, home):
    """A function that runs a command in the clone, as its user would who knows the head's address."""
    unset = {"RAY_ADDRESS", *submit.SENT}
    environment = {
        **{name: value for name, value in os.environ.items() if name not in unset},
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "GARMENT_HOME": str(home),
        "RAY_AUTH_MODE": "token",  # Ray listens on every interface
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        "OMP_NUM_THREADS": "1",
        "GARMENT_PREFLIGHT_SECONDS": "600",
    }
    options = {"cwd": clone, "env": environment, "capture_output": True, "text": True, "timeout": SECONDS}
    with head(environment) as address:
        yield lambda *command: subprocess.run([word.format(address=address) for word in command], **options)


def test_ray_job_submit_runs_the_sweep_on_a_head_started_by_hand(run, home, monkeypatch):
    job = ["ray", "job", "submit", "--address", "{address}", "--working-dir", ".", "--"]
    done = run(*job, "garment", "sweep", "submitted")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "2 trials ended (2 complete" in done.stdout
    monkeypatch.setenv("GARMENT_HOME", str(home))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    from garment_sweeps.comparison.leaderboard import leaderboard

    board = leaderboard("submitted")
    assert [row.outcome for row in board.trials] == ["complete", "complete"]
    assert {row.name for row in board.baselines} >= {"body as garment"}
    assert list((home / "sweeps" / "submitted").glob("t0000*.s0/checkpoint_*"))


def test_a_jobs_preflight_fails_the_command_with_its_line(run, home):
    done = run("garment", "submit", "greedy", "--address", "{address}")
    assert done.returncode == 1, done.stdout[-3000:] + done.stderr[-3000:]
    *_, last = done.stderr.strip().splitlines()
    assert "ended as FAILED: the cluster is not ready: a trial needs 0.5 GPUs: no node has a GPU;" in last
    assert not list((home / "sweeps").glob("greedy/*.attempts"))  # no trial began
