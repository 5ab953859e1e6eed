"""Trials of several processes each, on a real Ray cluster: what one process gives, also when one is killed."""

import os
import signal
import threading
import time
from pathlib import Path

import psutil
import pytest
from optuna.trial import TrialState

from garment_sweeps.experiment import Experiment, FinalsConfig, Space
from garment_sweeps.ray.nodes import places, trial_placement
from garment_sweeps.study.study import trial_name
from garment_sweeps.trials.checkpoints import TrialStore
from garment_uv.samples.source import FolderSource
from garment_uv.training.trainer import Trainer
from tests.chaos.records import study_trials
from tests.garment_sweeps.driver.drive import hold_at
from tests.garment_sweeps.sweeping import run_sweep
from tests.garment_uv.cylinder import small_config, write_dataset

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("local_ray")]

SECONDS = 600
GENTLE = {"training.optimiser.generator_lr": 1e-6, "training.optimiser.discriminator_lr": 1e-6}
"""Rates at which rounding does not grow (see tests/garment_uv/training/test_parallel.py)."""


@pytest.fixture
def make_experiment(tmp_path):
    """A function of the number of epochs: one trial of two processes."""
    uri = str(write_dataset(tmp_path / "dataset", train=7))

    def make(epochs: int) -> Experiment:
        changes = {"data.uri": uri, "training.epochs": epochs, "training.threads": 1, "training.processes": 2}
        return Experiment(
            name="trained",
            description="two processes a trial",
            base=small_config(**changes, **GENTLE),
            space=Space(),
            trials=1,
            scheduler=None,
            finals=FinalsConfig(finalists=0),
        )

    return make


def check_curve(experiment: Experiment, settings) -> None:
    """It is that of one process."""
    (trial,) = study_trials(settings.study_url, "trained")
    assert trial.state == TrialState.COMPLETE
    config = experiment.base.with_values({"training.processes": 1})
    trainer = Trainer(config, FolderSource(config.data.uri))
    curve = {epoch: trainer.train_epoch().s2s.all.mean_mm for epoch in range(1, experiment.epochs + 1)}
    assert trial.intermediate_values == pytest.approx(curve, rel=1e-4)


def workers() -> list[psutil.Process]:
    """The processes of all trials."""
    return [child for child in psutil.Process().children(recursive=True) if "RayTrainWorker" in " ".join(line(child))]


def line(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def test_a_trial_of_two_processes_of_which_one_is_killed_gives_what_one_process_gives(make_experiment, settings):
    experiment = make_experiment(5)
    assert places(experiment) == 1  # of the two CPUs each process takes one
    assert trial_placement(experiment).required_resources == {"CPU": 2.0}
    folder, killed = Path(settings.storage.uri) / "trained", []

    def kill() -> None:
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            found = workers()
            if len(found) == 2 and any(folder.glob("*/checkpoint_*/trial.json")):
                os.kill(found[-1].pid, signal.SIGKILL)
                killed.append(found[-1].pid)
                return
            time.sleep(0.02)

    thread = threading.Thread(target=kill)
    thread.start()
    with hold_at(3, lambda: killed):  # of five epochs: the kill does not come too late
        report = run_sweep(experiment, settings=settings, tracked=False)
    thread.join()
    assert killed and (report.complete, report.failed) == (1, 0)
    check_curve(experiment, settings)
    begun = TrialStore.open(settings.storage, "trained", trial_name(0), session=0).attempts()
    assert len(begun) == 2 and begun[1].epoch >= 1
    end = time.monotonic() + SECONDS
    while workers():  # which Ray ends after the trial
        assert time.monotonic() < end
        time.sleep(0.1)
