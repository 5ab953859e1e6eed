"""Sweep and trial runs, against a real MLflow server and against the local SQLite store."""

import hashlib

import pytest

from garment_sweeps.tracking import SweepRun, tags, tracking_client
from garment_sweeps.tracking.delivery import Delivery
from garment_sweeps.tracking.model_artifact import fetch_model, model_tags
from garment_sweeps.tracking.record import Ending, TrialRecord, now_ms
from garment_sweeps.tracking.runs import find_sweep, trials_of
from garment_uv.errors import UserError
from garment_uv.training.trial import TrialConfig
from tests.garment_sweeps.tracking.made import history, record_of

pytestmark = pytest.mark.servers


def deliver(sweep: SweepRun, record: TrialRecord) -> str:
    delivery = Delivery(lambda: sweep.client, record, live=True)
    delivery()
    return delivery.run_id


def test_a_trial_is_found_again_and_no_epoch_is_logged_twice(store):
    sweep = SweepRun.start("tracking", f"once-{store}", {"trials": 1})
    first = record_of(sweep, "t1", dataset="abc")
    for epoch in (1, 2, 3):
        first.add_epoch(epoch, {"loss/uv": 1.0 / epoch, "s2s/all": float("nan")})
    run_id = deliver(sweep, first)
    second = record_of(sweep, "t1", attempt=2)
    for epoch in (2, 3, 4):
        second.add_epoch(epoch, {"loss/uv": 1.0 / epoch})
    second.ending = Ending(outcome="complete", at_ms=now_ms(), metrics={"costs/parameters": 7.0})
    assert deliver(sweep, second) == run_id
    assert history(sweep.client, run_id, "loss/uv") == [(1, 1.0), (2, 0.5), (3, 1 / 3), (4, 0.25)]
    assert history(sweep.client, run_id, "costs/parameters") == [(4, 7.0)]
    run = sweep.client.get_run(run_id)
    assert "s2s/all" not in run.data.metrics
    assert run.info.status == "FINISHED"
    assert run.data.tags[tags.OUTCOME] == "complete" and run.data.tags[tags.ATTEMPT] == "2"
    assert run.data.params["loss.uv"] == "1.0" and run.data.params["dataset"] == "abc"
    assert run.data.tags[tags.CONFIG_DIGEST] == TrialConfig().digest()


def test_parameters_that_a_late_request_writes_at_the_same_moment_are_no_error(store, monkeypatch):
    from mlflow.exceptions import RestException

    sweep = SweepRun.start("tracking", f"late-{store}", {})
    record = record_of(sweep, "t1")
    log_batch, asked = sweep.client.log_batch, []

    def refused_once(run_id, params=(), **rest):
        log_batch(run_id, params=params, **rest)  # the late request
        asked.append(len(params))
        if len(asked) == 1:
            raise RestException({"error_code": "BAD_REQUEST", "message": "UNIQUE constraint failed: params.key"})

    monkeypatch.setattr(sweep.client, "log_batch", refused_once)
    run_id = deliver(sweep, record)
    assert sweep.client.get_run(run_id).data.params == {k: str(v) for k, v in record.identity.params.items()}


def test_the_same_record_delivered_again_changes_nothing(store):
    sweep = SweepRun.start("tracking", f"again-{store}", {})
    record = record_of(sweep, "t1")
    for epoch in (1, 2):
        record.add_epoch(epoch, {"loss/uv": 0.5})
    record.ending = Ending(outcome="pruned", at_ms=now_ms(), metrics={"costs/parameters": 7.0})
    run_id = deliver(sweep, record)
    before = sweep.client.get_run(run_id).to_dictionary()
    copy = TrialRecord.from_text(record.text(), "here")
    Delivery(lambda: sweep.client, copy)()
    assert sweep.client.get_run(run_id).to_dictionary() == before
    assert history(sweep.client, run_id, "loss/uv") == [(1, 0.5), (2, 0.5)]
    assert history(sweep.client, run_id, "costs/parameters") == [(2, 7.0)]


def test_a_trial_that_goes_on_is_running_again_and_an_older_attempts_record_leaves_its_log_alone(store, tmp_path):
    sweep = SweepRun.start("tracking", f"older-{store}", {})
    older = record_of(sweep, "t1")
    older.add_epoch(1, {"loss/uv": 0.5})
    older.ending = Ending(outcome="pruned", reason="stopped", at_ms=now_ms())
    run_id = deliver(sweep, older)
    newer = record_of(sweep, "t1", attempt=2)
    newer.epochs = list(older.epochs)
    deliver(sweep, newer)
    run = sweep.client.get_run(run_id)
    assert run.info.status == "RUNNING" and tags.OUTCOME not in run.data.tags and tags.REASON not in run.data.tags
    older.add_epoch(2, {"loss/uv": 9.0})
    (tmp_path / "attempt-00001.log").write_text("printed")
    older.folders = {"logs": tmp_path, "model": tmp_path}
    Delivery(lambda: sweep.client, older)()
    assert sweep.client.get_run(run_id).info.status == "RUNNING"
    assert history(sweep.client, run_id, "loss/uv") == [(1, 0.5)]
    assert [item.path for item in sweep.client.list_artifacts(run_id)] == ["logs"]


def test_many_metrics_and_epochs_arrive_whole(store):
    sweep = SweepRun.start("tracking", f"many-{store}", {})
    record = record_of(sweep, "t1")
    record.add_epoch(1, {f"m{i}": float(i) for i in range(1200)})
    for epoch in range(2, 40):
        record.add_epoch(epoch, {f"m{i}": 0.0 for i in range(60)})
    run_id = deliver(sweep, record)
    assert [step for step, _ in history(sweep.client, run_id, "epoch")] == list(range(1, 40))
    assert [step for step, _ in history(sweep.client, run_id, "m59")] == list(range(1, 40))
    assert len(sweep.client.get_run(run_id).data.metrics) == 1201


def test_a_sweep_is_found_again_by_name_and_lists_its_trials(store):
    name = f"named-{store}"
    sweep = SweepRun.start("tracking", name, {"space": ["a", "b"]})
    again = SweepRun.start("tracking", name, {"space": ["c"], "trials": 3})
    assert again.run_id == sweep.run_id
    params = sweep.client.get_run(sweep.run_id).data.params
    assert params == {"space": '["a", "b"]', "trials": "3"}  # the first value of each stays
    ids = {deliver(sweep, record_of(sweep, trial)) for trial in ("a", "b", "c")}
    assert {run.info.run_id for run in trials_of(sweep.client, find_sweep(sweep.client, name))} == ids
    with pytest.raises(UserError, match=f"no sweep named 'nothing'.*{name}"):
        find_sweep(sweep.client, "nothing")


def test_baselines_and_epochs_are_logged_by_what_the_sweep_makes_small(store):
    sweep = SweepRun.start("tracking", f"dresses-{store}", {"metric": "s2s/Dress"})
    sweep.log_baselines({"body_as_garment": {"s2s/all": 18.0, "s2s/Dress": 25.0}, "other": {"s2s/all": 17.0}})
    metrics = sweep.client.get_run(sweep.run_id).data.metrics
    assert metrics == {"baselines/body_as_garment": 25.0}
    before = SweepRun.start("tracking", f"before-{store}", {"trials": 1})
    before.log_baselines({"body_as_garment": {"s2s/all": 18.0, "s2s/Dress": 25.0}})
    assert before.client.get_run(before.run_id).data.metrics == {"baselines/body_as_garment": 18.0}


def test_a_model_comes_back_with_its_digest_and_an_altered_one_is_refused(store, tmp_path):
    sweep = SweepRun.start("tracking", f"model-{store}", {})
    record = record_of(sweep, "t")
    run_id = deliver(sweep, record)
    with pytest.raises(UserError, match="kept no model"):
        fetch_model(sweep.client, run_id, tmp_path / "none")
    folder = tmp_path / "saved"
    folder.mkdir()
    (folder / "generator.safetensors").write_bytes(b"weights")
    (folder / "model.json").write_text("{}")
    record.folders = {"model": folder}
    marks = model_tags(folder, 3, {"s2s/all": 12.5})
    record.ending = Ending(outcome="complete", at_ms=now_ms(), tags=marks)
    assert deliver(sweep, record) == run_id
    run = sweep.client.get_run(run_id)
    assert run.data.tags[tags.MODEL_SHA256] == hashlib.sha256(b"weights").hexdigest()
    fetched = fetch_model(sweep.client, run_id, tmp_path / "fetched")
    assert (fetched / "generator.safetensors").read_bytes() == b"weights"
    sweep.client.set_tag(run_id, tags.MODEL_SHA256, "0" * 64)
    with pytest.raises(UserError, match="not the one that was logged"):
        fetch_model(sweep.client, run_id, tmp_path / "altered")


def test_an_unreachable_server_is_one_line_without_the_password(monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(UserError) as caught:
        tracking_client("http://someone:secret@127.0.0.1:9")
    assert "does not answer" in str(caught.value) and "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_store_of_another_kind_is_refused():
    with pytest.raises(UserError, match="needs http"):
        tracking_client("ftp://somewhere")
