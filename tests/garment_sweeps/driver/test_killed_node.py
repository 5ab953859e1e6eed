"""kill -9 of a trial's process and of a whole node in mid-training, on a real cluster of several nodes."""

import json

import pytest

from tests.chaos.driver import SupervisedDriver
from tests.chaos.progress import Progress
from tests.chaos.records import study_trials
from tests.chaos.stage import open_stage
from tests.garment_sweeps.driver.trained import check_curves, check_records, trained_experiment


@pytest.mark.cluster
def test_trials_go_on_elsewhere_with_the_curve_they_would_have_had(tmp_path, monkeypatch):
    experiment = trained_experiment(tmp_path)
    file, log = tmp_path / "experiment.json", tmp_path / "driver.log"
    file.write_text(json.dumps(experiment.plain()))
    home = tmp_path / "home"
    url = f"sqlite:///{home / 'optuna.db'}"
    with open_stage(tmp_path, victims=("worker", "node"), nodes=2, cpus=1, light=True) as stage:
        hold = ["--hold-at", "7", "--until", str(tmp_path / "node-killed")]  # of ten epochs: the node dies in between
        driver = SupervisedDriver([str(file), *hold], stage.environment, log, restarts=1)
        try:
            progress = Progress(url, experiment.name, driver)
            assert progress.wait_for(2)
            stage.kill("worker", pick=0.0)
            assert progress.wait_for(5)
            stage.kill("node", pick=0.0)
            (tmp_path / "node-killed").touch()
            progress.wait_for(None)
        finally:
            driver.stop()
    assert driver.good and driver.starts == 1, log.read_text()[-3000:]
    trials = study_trials(url, experiment.name)
    monkeypatch.setenv("GARMENT_HOME", str(home))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    check_curves(experiment, trials)
    check_records(trials)
