"""Seconds an epoch from earlier sweeps, in a real tracking store."""

import pytest

from garment_sweeps.budget.earlier import earlier_epochs
from garment_sweeps.experiment import Experiment, Float, ResourcesConfig, Space
from garment_sweeps.tracking import SweepRun, tracking_client
from garment_sweeps.tracking.delivery import Delivery
from garment_sweeps.tracking.record import Ending, Start, TrialKey, TrialRecord, identity_of
from garment_uv.training.trial import TrialConfig


@pytest.fixture
def client(tmp_path, monkeypatch):
    monkeypatch.setenv("GARMENT_HOME", str(tmp_path))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return tracking_client()


BASE = TrialConfig().with_values({"data.uri": "/data/here"})


def experiment(**changes) -> Experiment:
    space = Space(parameters=(Float(path="training.optimiser.generator_lr", low=1e-4, high=1e-2, log=True),))
    return Experiment(**{"name": "asked", "description": "", "base": BASE, "space": space, **changes})


def record(sweep: SweepRun, trial: str, epochs: int, seconds: float, **changes) -> None:
    config = BASE.with_values(changes)
    identity = identity_of(TrialKey("earlier", sweep.experiment_id, sweep.run_id, trial), config, {})
    entry = TrialRecord(identity, Start(number=1), ending=Ending(outcome="complete", at_ms=1))
    for epoch in range(1, epochs + 1):
        entry.add_epoch(epoch, {"device_seconds": seconds * epoch})
    Delivery(lambda: sweep.client, entry)()


def test_the_median_of_comparable_trials(client):
    asked = experiment()
    assert earlier_epochs(client, asked, BASE) is None
    sweep = SweepRun.start("asked", "earlier", {"resources": asked.resources.plain()})
    record(sweep, "t0", 3, 10.0)
    record(sweep, "t1", 2, 14.0, **{"training.optimiser.generator_lr": 5e-3, "loss.uv": 0.3, "seed": 4})
    record(sweep, "t2", 5, 12.0, **{"training.epochs": 9})
    record(sweep, "larger", 5, 99.0, **{"training.batch_size": 64})
    record(sweep, "elsewhere", 5, 99.0, **{"data.uri": "/data/there"})
    record(sweep, "nothing", 0, 0.0)
    halves = SweepRun.start("asked", "halves", {"resources": ResourcesConfig(gpus=0.5).plain()})
    record(halves, "t0", 3, 50.0)
    found = earlier_epochs(client, asked, BASE)
    assert (found.seconds, found.trials) == (12.0, 3)
    assert found.words() == "12 s an epoch, median of 3 trials of earlier sweeps"
    assert earlier_epochs(client, experiment(resources=ResourcesConfig(gpus=0.5)), BASE).seconds == 50.0
    assert earlier_epochs(client, experiment(name="another"), BASE) is None
