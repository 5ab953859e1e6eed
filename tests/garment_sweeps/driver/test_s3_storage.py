"""A sweep whose checkpoints lie in S3, interrupted and gone on with."""

import pytest

from garment_sweeps.experiment import Budget
from garment_sweeps.settings.environment import Settings
from garment_sweeps.trials.checkpoints import TrialStore
from tests.garment_sweeps.sweeping import run_sweep
from tests.servers.local_ray import own_ray


@pytest.mark.cluster
@pytest.mark.servers
def test_trials_go_on_from_checkpoints_in_s3(experiment, settings, s3_storage, monkeypatch):
    monkeypatch.setenv("GARMENT_STORAGE", s3_storage.uri)
    there = Settings.from_environment()
    assert there.storage == s3_storage
    lasting = experiment.with_values({"scheduler": None, "trials": 1})
    budget, more = Budget(gpu_hours=0.5 / 3600), Budget(gpu_hours=1.0)
    with own_ray(cpus=1):  # whose workers know of the store; both sessions on one cluster, to save its second start
        cut = run_sweep(lasting, settings=there, work="tabulated", tracked=False, seconds_per_epoch=0.3, budget=budget)
        assert cut.interrupted == 1
        whole = run_sweep(lasting, settings=there, work="tabulated", tracked=False, resume=True, budget=more)
    assert (whole.complete, whole.interrupted) == (1, 0)
    store = TrialStore.open(s3_storage, "table", "t00000", session=1)
    assert len(store.checkpoints()) >= 2
    assert store.attempts()[-1].epoch >= 1  # it did not begin again
    assert not settings.home.joinpath("sweeps").exists()  # nothing of it was kept locally
