"""`garment train`: one real training without Ray, tracked, resumable."""

import pytest

from garment_sweeps.comparison.leaderboard import leaderboard
from garment_sweeps.experiment import Experiment
from garment_sweeps.settings.environment import Settings, StorageConfig
from garment_sweeps.tracking import tags, tracking_client
from garment_sweeps.tracking.runs import find_sweep, trials_of
from garment_sweeps.trials.single import TrainingRequest, train_once
from garment_uv.errors import UserError
from garment_uv.metrics.aggregate import S2STable
from garment_uv.metrics.scores_file import read_scores
from garment_uv.training.model_file import load_model
from tests.garment_uv.cylinder import small_config, write_dataset


@pytest.fixture
def train(tmp_path, monkeypatch):
    """A function of the changes to the config, the name and whether to resume."""
    monkeypatch.setenv("GARMENT_HOME", str(tmp_path))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    uri = str(write_dataset(tmp_path / "dataset"))

    def run(changes=None, name="one", resume=False, out=None, results=None):
        base = small_config(**{"data.uri": uri, "training.epochs": 2, **(changes or {})})
        experiment = Experiment(name="alone", description="", base=base, scheduler=None)
        storage, seen = StorageConfig(uri=str(tmp_path / "store")), [] if results is None else results
        return train_once(
            experiment, base, TrainingRequest(name, resume, out=out), Settings(tmp_path, storage, "", None), seen.append
        )

    return run


def test_it_trains_tracks_writes_the_model_and_refuses_to_do_it_twice(train, tmp_path):
    results = []
    last = train(out=tmp_path / "model", results=results)
    assert [r["epoch"] for r in results] == [1, 2] and last["done"]
    (row,) = leaderboard("one").trials
    assert (row.outcome, row.run_id) == ("complete", last["run_id"])
    assert row.error_mm == pytest.approx(last["s2s_mm"])
    assert row.params["dataset_version"]
    load_model(tmp_path / "model")
    client = tracking_client()
    file = client.download_artifacts(row.run_id, "scores/scores.json", str(tmp_path))
    table = S2STable.from_scores(item.score for item in read_scores(file))
    assert table.all.mean_mm == pytest.approx(row.error_mm, abs=1e-3)
    with pytest.raises(UserError, match="--resume"):
        train()
    with pytest.raises(UserError, match="another --out"):
        train(name="two", out=tmp_path / "model")
    again = []
    assert train(resume=True, results=again)["s2s_mm"] == last["s2s_mm"]
    assert [r["epoch"] for r in again] == [2]  # it was done: nothing is trained again
    assert len(leaderboard("one").trials) == 1


def test_a_training_does_not_go_on_from_other_code_or_a_sweep(train, tmp_path, monkeypatch):
    with pytest.raises(SystemExit):
        train(results=Interrupted())
    with monkeypatch.context() as other:
        other.setattr("garment_sweeps.trials.single.code_digest", lambda: "other")
        train(resume=True)  # it was interrupted before its first checkpoint
        with pytest.raises(UserError, match="other code .digest .*--accept-code"):
            train(resume=True)
    (tmp_path / "store" / "swept" / "state").mkdir(parents=True)
    with pytest.raises(UserError, match="'swept' is a sweep's name"):
        train(name="swept", resume=True)


def test_a_training_that_diverges_says_so(train):
    with pytest.raises(UserError, match="ended at epoch"):
        train({"training.divergence_mm": 1e-3})
    (row,) = leaderboard("one").trials
    assert row.outcome == "infeasible"


def test_a_wrong_dataset_leaves_nothing_behind(train, tmp_path):
    with pytest.raises(UserError, match="no dataset at"):
        train({"data.uri": "/nothing/here"})
    assert not (tmp_path / "mlflow.db").exists() and not (tmp_path / "store").exists()


class Interrupted(list):
    """Results of which the first one interrupts the training."""

    def append(self, result) -> None:
        raise SystemExit(143)


def test_a_training_that_is_interrupted_is_killed_and_no_trial_that_was_judged(train):
    with pytest.raises(SystemExit):
        train(results=Interrupted())
    client = tracking_client()
    sweep = find_sweep(client, "one")
    (run,) = trials_of(client, sweep)
    assert (sweep.info.status, run.info.status) == ("KILLED", "KILLED")
    assert tags.OUTCOME not in run.data.tags and run.data.tags[tags.REASON] == "stopped at epoch 1 of 2"
    assert train(resume=True)["done"]
    statuses = {client.get_run(each).info.status for each in (sweep.info.run_id, run.info.run_id)}
    assert statuses == {"FINISHED"}
