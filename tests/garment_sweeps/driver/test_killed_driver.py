"""kill -9 of the driver in the middle of a sweep, with everything real: Ray, training, Optuna's database, MLflow."""

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

from tests.chaos.progress import epochs_reported
from tests.chaos.records import study_trials
from tests.garment_sweeps.driver.trained import check_curves, check_records, trained_experiment
from tests.garment_sweeps.sweeping import run_sweep
from tests.servers.light_nodes import IDLE

DRIVER = Path(__file__).with_name("drive.py")
SECONDS = 600


def is_agent(process: psutil.Process) -> bool:
    """Whether it is one of Ray's agents or stands in for one; a process that has just ended is none."""
    try:
        return process.name().endswith("Agent") or process.cmdline() == IDLE.split()
    except psutil.NoSuchProcess:
        return False


def kill_driver(process: subprocess.Popen) -> None:
    """Kills the driver alone. Its trials must end by themselves; Ray's agents linger for minutes and are ended here."""
    children = psutil.Process(process.pid).children(recursive=True)
    agents = [child for child in children if is_agent(child)]
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    _, alive = psutil.wait_procs([child for child in children if child not in agents], timeout=SECONDS)
    for agent in agents:
        if agent.is_running():
            agent.kill()
    assert not alive


def started_driver(file: Path, log: Path, *options: str) -> subprocess.Popen:
    """It waits at that epoch until it is killed, given `--hold-at EPOCHS`."""
    command = [sys.executable, str(DRIVER), str(file), *options, "--until", "/nothing"]
    with open(log, "a") as output:
        return subprocess.Popen(command, stdout=output, stderr=output)


def wait_until(true, driver: subprocess.Popen, log: Path) -> None:
    end = time.monotonic() + SECONDS
    while not true():
        assert driver.poll() is None and time.monotonic() < end, log.read_text()[-3000:]
        time.sleep(0.3)


@pytest.mark.cluster
@pytest.mark.usefixtures("local_ray", "mlflow_server")
def test_a_killed_driver_loses_and_doubles_nothing(settings, tmp_path):
    trained = trained_experiment(tmp_path)
    file, log = tmp_path / "experiment.json", tmp_path / "driver.log"
    file.write_text(json.dumps(trained.plain()))
    driver = started_driver(file, log, "--hold-at", "5")  # of ten, whenever it is killed
    wait_until(lambda: (epochs_reported(settings.study_url, "trained") or 0) >= 3, driver, log)
    kill_driver(driver)
    cut = study_trials(settings.study_url, "trained")
    assert any(t.state == TrialState.RUNNING for t in cut)

    again = started_driver(file, log, "--hold-at", "5")  # and once more, before it has done anything but start
    wait_until(lambda: psutil.Process(again.pid).children(), again, log)
    kill_driver(again)

    report = run_sweep(trained, settings=settings, resume=True)
    assert (report.complete, report.ended, report.interrupted) == (2, 2, 0)
    trials = study_trials(settings.study_url, "trained")
    assert [t.params for t in trials][: len(cut)] == [t.params for t in cut]
    check_curves(trained, trials)
    check_records(trials)
