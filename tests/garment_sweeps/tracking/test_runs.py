"""Sweep and trial runs, against a real MLflow server and against the local SQLite store."""

import hashlib

import pytest

from garment_sweeps.tracking import SweepRun, TrialRun, tags, tracking_client, tracking_uri
from garment_sweeps.tracking.model_artifact import fetch_model
from garment_sweeps.tracking.settings import without_password
from garment_sweeps.tracking.sweep_run import find_sweep, trials_of
from garment_uv.config.trial import TrialConfig
from garment_uv.errors import UserError
from tests.servers.mlflow import mlflow_server

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with mlflow_server(tmp_path_factory.mktemp("mlflow")) as url:
        yield url


@pytest.fixture(params=["server", "sqlite"])
def store(request, tmp_path, monkeypatch):
    monkeypatch.setenv("GARMENT_HOME", str(tmp_path))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    if request.param == "server":
        monkeypatch.setenv("MLFLOW_TRACKING_URI", request.getfixturevalue("server"))
    return request.param


def _trial(sweep: SweepRun, name: str, attempt: int = 1, **extra) -> TrialRun:
    ids = (sweep.experiment_id, sweep.run_id)
    return TrialRun.open(tracking_uri(), *ids, name, TrialConfig(), extra, attempt)


def test_a_trial_is_found_again_and_no_epoch_is_logged_twice(store):
    sweep = SweepRun.start("tracking", f"once-{store}", {"trials": 1})
    first = _trial(sweep, "t1", dataset="abc")
    for epoch in (1, 2, 3):
        first.log_epoch({"epoch": epoch, "loss/uv": 1.0 / epoch, "s2s/all": float("nan")}, epoch)
    first.flush()
    second = _trial(sweep, "t1", attempt=2)
    assert second.run_id == first.run_id
    for epoch in (2, 3, 4):
        second.log_epoch({"epoch": epoch, "loss/uv": 1.0 / epoch}, epoch)
    second.finish("complete")
    history = sweep.client.get_metric_history(first.run_id, "loss/uv")
    assert [(m.step, m.value) for m in history] == [(1, 1.0), (2, 0.5), (3, 1 / 3), (4, 0.25)]
    run = sweep.client.get_run(first.run_id)
    assert "s2s/all" not in run.data.metrics
    assert run.info.status == "FINISHED"
    assert run.data.tags[tags.OUTCOME] == "complete" and run.data.tags[tags.ATTEMPT] == "2"
    assert run.data.params["loss.uv"] == "1.0" and run.data.params["dataset"] == "abc"
    assert run.data.tags[tags.CONFIG_DIGEST] == TrialConfig().digest()


def test_a_sweep_is_found_again_by_name_and_lists_its_trials(store):
    name = f"again-{store}"
    sweep = SweepRun.start("tracking", name, {"space": ["a", "b"]})
    assert SweepRun.start("tracking", name, {}).run_id == sweep.run_id
    ids = {_trial(sweep, trial).run_id for trial in ("a", "b", "c")}
    assert {run.info.run_id for run in trials_of(sweep.client, find_sweep(sweep.client, name))} == ids
    with pytest.raises(UserError, match=f"no sweep named 'nothing'.*{name}"):
        find_sweep(sweep.client, "nothing")


def test_a_model_comes_back_with_its_digest_and_an_altered_one_is_refused(store, tmp_path):
    sweep = SweepRun.start("tracking", f"model-{store}", {})
    trial = _trial(sweep, "t")
    with pytest.raises(UserError, match="kept no model"):
        fetch_model(sweep.client, trial.run_id, tmp_path / "none")
    folder = tmp_path / "saved"
    folder.mkdir()
    (folder / "generator.safetensors").write_bytes(b"weights")
    (folder / "model.json").write_text("{}")
    trial.log_checkpoint(folder, 3, {"s2s/all": 12.5})
    trial.finish("complete")
    run = sweep.client.get_run(trial.run_id)
    assert run.data.tags[tags.MODEL_SHA256] == hashlib.sha256(b"weights").hexdigest()
    fetched = fetch_model(sweep.client, trial.run_id, tmp_path / "fetched")
    assert (fetched / "generator.safetensors").read_bytes() == b"weights"
    sweep.client.set_tag(trial.run_id, tags.MODEL_SHA256, "0" * 64)
    with pytest.raises(UserError, match="not the one that was logged"):
        fetch_model(sweep.client, trial.run_id, tmp_path / "altered")


def test_an_unreachable_server_is_one_line_without_the_password(monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(UserError) as caught:
        tracking_client("http://someone:secret@127.0.0.1:9")
    assert "does not answer" in str(caught.value) and "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_store_of_another_kind_is_refused():
    with pytest.raises(UserError, match="needs http"):
        tracking_client("ftp://somewhere")


def test_passwords_are_removed_from_uris():
    assert without_password("postgresql://me:secret@db:5432/x") == "postgresql://db:5432/x"
    assert without_password("sqlite:////tmp/a@b.db") == "sqlite:////tmp/a@b.db"
