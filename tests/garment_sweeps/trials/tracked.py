"""Trials that track into a real MLflow server which fails in every way, and what that server holds afterwards."""

import json
import subprocess
import sys
from pathlib import Path

from garment_sweeps.tracking import SweepRun, tags
from garment_sweeps.tracking.runs import find_sweep, trials_of
from garment_sweeps.tracking.sweep_run import TrackingConfig
from garment_sweeps.trials.context import TrialContext
from tests.tabulated import curve_mm

WORKER = Path(__file__).with_name("worker.py")
TRIAL = {"id": "t00000", "number": 0}


def tracked(context: TrialContext, url: str, sweep: str, wait_s: float = 300.0) -> tuple[SweepRun, TrialContext]:
    """An open sweep of that name, and its trials' context."""
    run = SweepRun.start("outage", sweep, {})
    ids = {"experiment_id": run.experiment_id, "parent_run_id": run.run_id}
    config = TrackingConfig(uri=url, wait_s=wait_s, **ids)
    return run, TrialContext.from_plain({**context.plain(), "sweep": sweep, "tracking": config.plain()})


def only_run(run: SweepRun, sweep: str):
    """The one run of the sweep's one trial; also looks among the runs that were made at any time."""
    (found,) = trials_of(run.client, find_sweep(run.client, sweep))
    return found


def points(run: SweepRun, run_id: str, metric: str = "s2s/all") -> list[tuple[int, float]]:
    """Every point that MLflow has, doubled ones too."""
    return sorted((point.step, point.value) for point in run.client.get_metric_history(run_id, metric))


def curve(context: TrialContext, epochs: int) -> list[tuple[int, float]]:
    """What the points must be."""
    return [(epoch, curve_mm(context.base, epoch)) for epoch in range(1, epochs + 1)]


def start_worker(folder: Path, context: TrialContext, epochs: int, save: bool, delivered: bool) -> subprocess.Popen:
    """A process that trains so many epochs, and then waits to be killed; its output is a pipe of lines."""
    file = folder / "job.json"
    what = {"context": context.plain(), "trial": TRIAL, "epochs": epochs, "save": save, "delivered": delivered}
    file.write_text(json.dumps(what))
    return subprocess.Popen([sys.executable, str(WORKER), str(file)], stdout=subprocess.PIPE, text=True)


def wait_for(process: subprocess.Popen, line: str) -> None:
    """Reads the worker's output up to that line; AssertionError where it ends before."""
    for printed in process.stdout:
        if printed.strip() == line:
            return
    raise AssertionError(f"the worker ended with {process.wait()} before it printed {line!r}")


def outcome(run: SweepRun, sweep: str) -> tuple[str, str]:
    """Status and outcome of the only trial."""
    found = only_run(run, sweep)
    return found.info.status, found.data.tags.get(tags.OUTCOME, "")
