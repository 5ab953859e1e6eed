"""A sweep that is refused leaves no trace, and every other end of a driver is told to MLflow as what it is."""

import json
import signal

import pytest

from garment_sweeps.driver.readiness import Readiness
from garment_sweeps.study.study import open_storage, study_exists
from garment_sweeps.tracking import tags, tracking_client
from garment_sweeps.tracking.runs import find_sweep, sweep_or_none, trials_of
from garment_uv.errors import UserError
from tests.chaos.progress import epochs_reported
from tests.garment_sweeps.driver.test_killed_driver import SECONDS, started_driver, wait_until
from tests.garment_sweeps.sweeping import run_sweep

pytestmark = pytest.mark.cluster


def no_trace(settings, name: str) -> bool:
    """Whether nothing bears the name: no study, no place in the storage, no run."""
    place = settings.home / "sweeps" / name
    study = study_exists(open_storage(settings.study_url), name)
    return not study and not place.exists() and sweep_or_none(tracking_client(), name) is None


@pytest.mark.usefixtures("local_ray", "mlflow_server")
def test_a_refused_sweep_leaves_no_trace(experiment, settings):
    with pytest.raises(UserError, match="needs 512 CPUs"):
        run_sweep(experiment.with_values({"resources.cpus": 512.0}), settings=settings, work="tabulated")
    assert no_trace(settings, "table")
    with pytest.raises(UserError, match="no dataset at"):
        run_sweep(experiment, settings=settings)
    with pytest.raises(UserError, match="no sweep named 'earlier'"):
        run_sweep(experiment, settings=settings, work="tabulated", warm_start=("earlier",))
    assert no_trace(settings, "table")


@pytest.mark.usefixtures("local_ray", "mlflow_server")
def test_a_name_that_a_run_in_mlflow_bears_is_taken_until_it_is_overwritten(experiment, settings):
    small = experiment.with_values({"trials": 1, "scheduler": None})
    report = run_sweep(small, settings=settings, work="tabulated")
    assert report.ended == 1
    run_id = find_sweep(tracking_client(), "table").info.run_id
    for path in settings.home.glob("optuna.db*"):
        path.unlink()
    (settings.home / "sweeps" / "table").rename(settings.home / "moved")
    for resume in (False, True):
        with pytest.raises(UserError, match="a run in MLflow, whose study is not here"):
            run_sweep(small, settings=settings, work="tabulated", resume=resume)
    assert run_sweep(small, settings=settings, work="tabulated", overwrite=True).ended == 1
    sweep = find_sweep(tracking_client(), "table")
    assert sweep.info.run_id != run_id and len(trials_of(tracking_client(), sweep)) == 1
    assert tracking_client().get_run(run_id).info.lifecycle_stage == "deleted"


@pytest.mark.usefixtures("local_ray", "mlflow_server")
def test_a_sweep_that_gives_up_is_a_failed_run(experiment, settings, monkeypatch):
    monkeypatch.setattr(Readiness, "_dataset_version", lambda self, spec: "")  # it was there when the sweep began
    with pytest.raises(UserError, match="no dataset at"):
        run_sweep(experiment, settings=settings)
    run = find_sweep(tracking_client(), "table")
    assert run.info.status == "FAILED" and "no dataset at" in run.data.tags[tags.REASON]


def test_a_driver_that_is_told_to_end_leaves_killed_runs_which_a_later_session_finishes(
    experiment, settings, tmp_path, monkeypatch
):
    lasting = experiment.with_values({"scheduler": None, "trials": 2, "seed": 7})
    file, log = tmp_path / "experiment.json", tmp_path / "driver.log"
    file.write_text(json.dumps(lasting.plain()))
    driver = started_driver(file, log, "--tabulated", "0.2", "--hold-at", "3")
    try:
        wait_until(lambda: (epochs_reported(settings.study_url, "table") or 0) >= 2, driver, log)
        driver.send_signal(signal.SIGTERM)
        assert driver.wait(timeout=SECONDS) == 128 + signal.SIGTERM, log.read_text()[-3000:]
    finally:
        driver.kill()
    client = tracking_client()
    sweep = find_sweep(client, "table")
    assert sweep.info.status == "KILLED"
    statuses = {run.info.status for run in trials_of(client, sweep)}
    assert "RUNNING" not in statuses and "KILLED" in statuses
    report = run_sweep(lasting, settings=settings, work="tabulated", resume=True)
    assert report.ended == 2
    assert find_sweep(client, "table").info.status == "FINISHED"
