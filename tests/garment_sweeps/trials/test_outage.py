"""MLflow hangs, dies or comes back, and workers die, in the middle of trials: nothing waits, is lost or doubled."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from garment_sweeps.experiment import Experiment
from garment_sweeps.settings.environment import Settings, StorageConfig
from garment_sweeps.tracking import tags, tracking_client
from garment_sweeps.tracking.answers import is_away
from garment_sweeps.tracking.outbox import Outbox
from garment_sweeps.tracking.runs import find_sweep, trials_of
from garment_sweeps.trials import single
from garment_sweeps.trials.job import TrialJob
from tests.garment_sweeps.trials.test_job import run as run_job
from tests.garment_sweeps.trials.tracked import (
    TRIAL,
    WORKER,
    curve,
    only_run,
    outcome,
    points,
    start_worker,
    tracked,
    wait_for,
)
from tests.garment_uv.cylinder import small_config, write_dataset
from tests.tabulated import tabulated_job

pytestmark = pytest.mark.servers


@pytest.fixture
def server(mlflow_server):
    return mlflow_server


@pytest.fixture(autouse=True)
def tracking_uri(server, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.url)


@pytest.fixture
def waiting(request):
    """Worker processes that the test starts; killed at its end."""
    processes = []
    yield processes
    for process in processes:
        process.kill()
        process.wait()


def test_a_stalled_server_holds_up_no_epoch_and_has_all_of_them_once_it_goes_on(server, context, tmp_path):
    run, context = tracked(context, server.url, "stalled")
    job = tabulated_job(context, TRIAL, {})
    job.step()
    server.pause()
    for epoch in (2, 3, 4):  # each would wait for ever
        assert job.step()["epoch"] == epoch
    server.go_on()
    last = job.step()
    assert last["run_id"] == only_run(run, "stalled").info.run_id
    assert points(run, last["run_id"]) == curve(context, 5)
    assert outcome(run, "stalled") == ("FINISHED", "complete")
    assert Outbox.of(context.storage, "stalled").names() == []


def deliver(outbox: Outbox, run, tries: int = 5) -> None:
    """As the driver does: what MLflow refuses, say because a second run of the trial has won, is for another time."""
    for left in reversed(range(tries)):
        try:
            outbox.deliver(run)
            return
        except Exception as error:
            if not left or not is_away(error):
                raise


def test_a_server_that_never_answered_gets_a_trial_as_a_whole_later(server, context):
    run, context = tracked(context, server.url, "absent", wait_s=0.3)
    server.pause()
    job = tabulated_job(context, TRIAL, {})
    results = [job.step() for _ in range(5)]
    assert results[-1]["done"] and "run_id" not in results[-1]
    outbox = Outbox.of(context.storage, "absent")
    assert outbox.names() == ["t00000.00000001"]
    server.go_on()  # it now also does what it was asked before anybody gave up waiting
    deliver(outbox, run)
    found = only_run(run, "absent")
    assert points(run, found.info.run_id) == curve(context, 5)
    assert (found.info.status, found.data.tags[tags.OUTCOME]) == ("FINISHED", "complete")
    assert found.data.params["trial_number"] == "0" and found.data.metrics["costs/parameters"] > 0
    assert outbox.names() == []


def test_a_trial_stopped_while_the_server_is_dead_is_delivered_later_with_all_that_it_made(server, context, tmp_path):
    uri = str(write_dataset(tmp_path / "dataset"))
    config = small_config(**{"data.uri": uri, "training.epochs": 2, "training.threads": 1})
    run, context = tracked(context, server.url, "dead", wait_s=0.3)
    context = context.with_values({"base": config.plain()})
    job = TrialJob(context, TRIAL, {})
    first = job.step()
    server.kill()
    last = job.step()
    assert last["done"]
    job.close()
    server.start()
    Outbox.of(context.storage, "dead").deliver(run)
    found = only_run(run, "dead")
    expected = [(1, first["s2s_mm"]), (2, last["s2s_mm"])]
    assert points(run, found.info.run_id) == expected
    assert found.data.tags[tags.OUTCOME] == "complete" and len(found.data.tags[tags.MODEL_SHA256]) == 64
    artifacts = {item.path for item in run.client.list_artifacts(found.info.run_id)}
    assert {"model", "gallery"} <= artifacts
    assert any(item.path.endswith(".html") for item in run.client.list_artifacts(found.info.run_id, "gallery"))


def test_a_training_alone_ends_without_its_server_and_tells_it_all_when_it_is_resumed(
    server, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(single, "DELIVERY_WAIT_S", 0.5)
    uri = str(write_dataset(tmp_path / "dataset"))
    base = small_config(**{"data.uri": uri, "training.epochs": 2, "training.threads": 1, "evaluation.meshes": 0})
    experiment = Experiment(name="alone", description="", base=base, scheduler=None)
    storage = StorageConfig(uri=str(tmp_path / "store"))

    def train(resume: bool, report) -> dict:
        request = single.TrainingRequest("alone", resume)
        return single.train_once(experiment, base, request, Settings(tmp_path, storage, "", None), report)

    last = train(False, lambda result: server.kill())
    assert last["done"] and "`garment train --resume` delivers what it missed" in capsys.readouterr().err
    server.start()
    again = train(True, lambda result: None)
    client = tracking_client()
    (run,) = trials_of(client, find_sweep(client, "alone"))
    assert run.info.run_id == again["run_id"] and again["s2s_mm"] == last["s2s_mm"]
    assert [point.step for point in client.get_metric_history(run.info.run_id, "s2s/all")] == [1, 2]
    assert run.data.tags[tags.OUTCOME] == "complete" and tags.MODEL_SHA256 in run.data.tags


def test_a_worker_killed_before_its_first_checkpoint_leaves_one_run(server, context, tmp_path, waiting):
    run, context = tracked(context, server.url, "early")
    waiting.append(start_worker(tmp_path, context, epochs=0, save=False, delivered=True))
    wait_for(waiting[0], "waiting")
    assert points(run, only_run(run, "early").info.run_id) == []
    waiting[0].kill()
    run_job(tabulated_job(context, TRIAL, {}), tmp_path, keep=False)
    found = only_run(run, "early")
    assert points(run, found.info.run_id) == curve(context, 5)
    assert found.data.tags[tags.ATTEMPT] == "2" and found.data.tags[tags.PID]


@pytest.mark.parametrize("save", [False, True])
def test_a_worker_killed_while_the_server_hangs_leaves_one_run_with_each_epoch_once(
    server, context, tmp_path, waiting, save
):
    name = f"hanging-{save}"
    run, context = tracked(context, server.url, name)
    waiting.append(start_worker(tmp_path, context, epochs=1, save=save, delivered=True))
    wait_for(waiting[0], "waiting")
    server.pause()
    waiting.append(start_worker(tmp_path, context, epochs=1, save=save, delivered=False))
    wait_for(waiting[1], "waiting")
    for process in waiting:  # what they have asked of the server is still under way
        process.kill()
    job = tabulated_job(context, TRIAL, {})
    job.step()
    server.go_on()
    run_job(job, tmp_path, keep=False)
    found = only_run(run, name)
    assert points(run, found.info.run_id) == curve(context, 5)
    assert (found.info.status, found.data.tags[tags.OUTCOME]) == ("FINISHED", "complete")


def test_a_server_that_refuses_is_no_progress_however_often_it_is_asked(server, context, monkeypatch):
    run, context = tracked(context, server.url, "refused", wait_s=5.0)
    job = tabulated_job(context, TRIAL, {})
    progress = []
    monkeypatch.setattr(job._tracking._courier, "progress", lambda: progress.append(1))
    assert job._tracking._courier.settled(300.0) and progress
    server.kill()
    progress.clear()
    for _ in range(4):
        job.step()
    while not job._tracking._courier.trouble:
        pass
    job.close()
    assert not progress and Outbox.of(context.storage, "refused").names()
    server.start()
    Outbox.of(context.storage, "refused").deliver(run)
    assert points(run, only_run(run, "refused").info.run_id) == curve(context, 4)


def test_an_attempt_that_crashes_leaves_its_log_and_the_next_one_goes_on(server, context, tmp_path):
    run, context = tracked(context, server.url, "crashed")
    file, out = tmp_path / "job.json", tmp_path / "worker.out"
    what = {"context": context.plain(), "trial": TRIAL, "epochs": 2, "save": True, "delivered": False, "crash": True}
    file.write_text(json.dumps(what))
    with open(out, "w") as output:
        assert subprocess.run([sys.executable, str(WORKER), str(file)], stdout=output, stderr=output).returncode == 1
    found = only_run(run, "crashed")
    assert found.info.status == "RUNNING" and found.data.tags[tags.LOG] == str(out)
    path = run.client.download_artifacts(found.info.run_id, "logs/attempt-00001.log", str(tmp_path))
    assert "epoch 2" in Path(path).read_text() and "AttributeError" in Path(path).read_text()
    run_job(tabulated_job(context, TRIAL, {}), tmp_path, keep=False)
    assert points(run, only_run(run, "crashed").info.run_id) == curve(context, 5)
    assert outcome(run, "crashed") == ("FINISHED", "complete")
