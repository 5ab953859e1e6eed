"""A whole sweep whose MLflow server dies, or hangs, in the middle of it: the sweep goes on, and nothing is missing."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState

import garment_sweeps.driver.sweep_tracking as sweep_tracking
from garment_sweeps.driver.sweep_tracking import SweepTracking
from garment_sweeps.study.study import open_storage, trial_name
from garment_sweeps.tracking import tags, tracking_client
from garment_sweeps.tracking.runs import find_sweep, trials_of
from garment_uv.errors import UserError
from tests.garment_sweeps.sweeping import run_sweep
from tests.started import started

pytestmark = [pytest.mark.cluster, pytest.mark.servers, pytest.mark.usefixtures("local_ray")]
SECONDS = 600.0
STATES = {TrialState.COMPLETE: {"complete"}, TrialState.PRUNED: {"pruned"}, TrialState.FAIL: {"infeasible", "failed"}}


@pytest.fixture
def server(mlflow_server):
    return mlflow_server


@pytest.fixture
def tracked(server, settings, monkeypatch):
    """A server that answers is waited for, however slow it is."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.url)
    monkeypatch.setattr(sweep_tracking, "FINISH_WAIT_S", SECONDS)
    return settings


def once_trials_run(name: str, what: Callable[[], None]) -> threading.Thread:
    """Does it, in a thread, as soon as MLflow knows two trials of that sweep."""

    def watch() -> None:
        client = tracking_client()
        while True:
            try:
                if len(trials_of(client, find_sweep(client, name))) >= 2:
                    return what()
            except UserError:
                pass  # it has not begun yet
            time.sleep(0.1)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    return thread


def check_records(settings, experiment, name: str) -> None:
    """Every trial of the study has one run, with its outcome, and each of its epochs once."""
    study = optuna.load_study(study_name=name, storage=open_storage(settings.study_url))
    client = tracking_client()
    sweep = find_sweep(client, name)
    runs = {run.data.tags[tags.TRIAL]: run for run in trials_of(client, sweep)}
    trials = started(study)
    assert len(trials_of(client, sweep)) == len(trials)
    for trial in trials:
        run = runs[trial_name(trial.number)]
        assert run.data.tags[tags.OUTCOME] in STATES[trial.state] and run.info.status != "RUNNING"
        points = [(p.step, p.value) for p in client.get_metric_history(run.info.run_id, "s2s/all")]
        assert sorted(points) == sorted(trial.intermediate_values.items())
    assert sweep.info.status == "FINISHED" and sweep.data.metrics["trials_complete"] >= 1


@pytest.mark.parametrize("how", ["killed", "hanging"])
def test_a_sweep_outlives_its_tracking_server(tracked, experiment, server, capsys, monkeypatch, how):
    experiment = experiment.with_values({"finals.finalists": 0, "trials": 6})
    name = f"sweep-{how}"
    thread = once_trials_run(name, server.kill if how == "killed" else server.pause)
    finish = SweepTracking.finish

    def finish_after_it(tracking, status, summary) -> bool:
        thread.join(SECONDS)  # a slow machine's server may know of two trials only now
        assert not thread.is_alive()
        return finish(tracking, status, summary)

    with monkeypatch.context() as patched:
        patched.setattr(sweep_tracking, "FINISH_WAIT_S", 1.0)
        patched.setattr(SweepTracking, "finish", finish_after_it)
        report = run_sweep(experiment, name=name, settings=tracked, work="tabulated", seconds_per_epoch=0.2)
    assert report.ended == 6
    assert "nothing is lost: `garment sweep --resume` delivers what it missed" in capsys.readouterr().err
    if how == "killed":
        server.start()
    else:
        server.go_on()
    assert run_sweep(experiment, name=name, settings=tracked, work="tabulated", resume=True).ended == 6
    check_records(tracked, experiment, name)
    assert "MLflow is away" not in capsys.readouterr().err


def test_a_trials_log_is_found_from_its_run(tracked, experiment):
    import ray

    experiment = experiment.with_values({"finals.finalists": 0, "trials": 4, "scheduler": None})
    run_sweep(experiment, name="logged", settings=tracked, work="tabulated")
    check_records(tracked, experiment, "logged")
    client = tracking_client()
    nodes = {node["NodeID"]: node["NodeManagerAddress"] for node in ray.nodes()}
    for run in trials_of(client, find_sweep(client, "logged")):
        marks = run.data.tags
        trial = marks[tags.TRIAL]
        assert nodes[marks[tags.NODE]] == marks[tags.NODE_IP]
        assert marks[tags.RAY_JOB_ID] == ray.get_runtime_context().get_job_id()
        text = Path(client.download_artifacts(run.info.run_id, "logs/attempt-00001.log")).read_text()
        assert f"logged {trial}: attempt 1 from epoch 0" in text
        assert text.count("attempt 1 from epoch 0") == 1  # not those of the same process's other trials
        assert text.splitlines()[1] in Path(marks[tags.LOG]).read_text()
        assert marks[tags.PID] in Path(marks[tags.LOG]).name


def test_a_server_that_does_not_answer_at_the_start_is_said_before_anything_is_written(
    tracked, experiment, monkeypatch
):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    with pytest.raises(UserError, match="does not answer"):
        run_sweep(experiment, name="never", settings=tracked, work="tabulated")
    assert not tracked.home.exists() or not list(tracked.home.iterdir())
