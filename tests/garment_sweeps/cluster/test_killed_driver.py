"""kill -9 of the driver in the middle of a sweep, with everything real: Ray, Optuna's database, MLflow."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from optuna.trial import TrialState

from garment_sweeps.cluster.sweep import run_sweep
from garment_sweeps.search.study import open_storage, open_study, started, trial_name
from garment_sweeps.trials.tabulated import curve_mm

DRIVER = Path(__file__).with_name("drive.py")
SECONDS = 120


def end_group(process: subprocess.Popen) -> None:
    """Kills the driver alone, then waits for the Ray processes that it started to notice and end."""
    children = psutil.Process(process.pid).children(recursive=True)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    _, alive = psutil.wait_procs(children, timeout=60)
    for child in alive:
        child.kill()


@pytest.mark.cluster
def test_a_killed_driver_loses_and_doubles_nothing(experiment, settings, tmp_path):
    from garment_sweeps.comparison import leaderboard

    lasting = experiment.with_values({"asha": None, "trials": 4, "try_base": False})
    file = tmp_path / "experiment.json"
    file.write_text(json.dumps(lasting.plain()))
    environment = {**os.environ, "GARMENT_HOME": str(settings.home)}
    with open(tmp_path / "driver.log", "w") as log:
        driver = subprocess.Popen(
            [sys.executable, str(DRIVER), str(file), "0.7"], env=environment, stdout=log, stderr=log
        )
        end = time.monotonic() + SECONDS
        while sum(len(t.intermediate_values) for t in known(settings, lasting)) < 3:
            assert driver.poll() is None and time.monotonic() < end, (tmp_path / "driver.log").read_text()
            time.sleep(0.2)
        end_group(driver)
    cut = known(settings, lasting)
    running = [t.number for t in cut if t.state == TrialState.RUNNING]
    assert running

    report = run_sweep(lasting, settings=settings, resume=True, work="tabulated")
    assert (report.ended, report.interrupted) == (4, 0)
    for trial in known(settings, lasting):
        config = lasting.base.with_values(trial.params)
        assert trial.intermediate_values == pytest.approx({e: curve_mm(config, e) for e in trial.intermediate_values})
        if trial.state == TrialState.COMPLETE:
            assert sorted(trial.intermediate_values) == [1, 2, 3, 4, 5, 6]
    assert [t.params for t in known(settings, lasting)][: len(cut)] == [t.params for t in cut]

    board = leaderboard("table")
    assert sorted(row.name for row in board.trials) == [trial_name(n) for n in range(4)]
    assert {row.outcome for row in board.trials} <= {"complete", "infeasible"}
    for row in board.trials:
        history = board_history(row.run_id)
        assert len(history) == len(set(history))  # no epoch logged twice


def known(settings, experiment):
    storage = open_storage(settings.study_url)
    return started(open_study(storage, "table", experiment, resume=True))


def board_history(run_id: str) -> list[int]:
    from garment_sweeps.tracking import tracking_client

    return [metric.step for metric in tracking_client().get_metric_history(run_id, "s2s/all")]
