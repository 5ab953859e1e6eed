"""kill -9 of the driver in the middle of a sweep, with everything real: Ray, training, Optuna's database, MLflow."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import psutil
import pytest
from optuna.trial import TrialState

from garment_sweeps.cluster.settings import Settings
from garment_sweeps.cluster.sweep import run_sweep
from garment_sweeps.search.study import open_storage, open_study, started, trial_name
from garment_sweeps.spaces import Experiment, Float, Space
from tests.garment_uv.cylinder import small_config, write_dataset

DRIVER = Path(__file__).with_name("drive.py")
SECONDS = 240
EPOCHS = 5


@pytest.fixture
def trained(tmp_path) -> Experiment:
    """Two real trainings of a few short epochs."""
    uri = str(write_dataset(tmp_path / "dataset"))
    return Experiment(
        name="trained",
        description="killed and resumed",
        base=small_config(**{"data.uri": uri, "training.epochs": EPOCHS, "training.threads": 1}),
        space=Space(parameters=(Float(path="loss.adversarial", low=1e-4, high=1e-1, log=True),)),
        trials=2,
        scheduler=None,
        try_base=False,
        sampler="random",
    )


def known(settings: Settings, experiment: Experiment):
    storage = open_storage(settings.study_url)
    return started(open_study(storage, experiment.name, experiment, resume=True))


def kill_driver(process: subprocess.Popen) -> None:
    """Kills the driver alone. Its trials must end by themselves; Ray's agents linger for minutes and are ended here."""
    children = psutil.Process(process.pid).children(recursive=True)
    agents = [child for child in children if child.name().endswith("Agent")]
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    _, alive = psutil.wait_procs([child for child in children if child not in agents], timeout=30)
    for agent in agents:
        if agent.is_running():
            agent.kill()
    assert not alive


def undisturbed(experiment: Experiment, params: dict) -> dict[int, float]:
    """The curve of the same training, left alone."""
    import torch

    from garment_sweeps.shards import open_source
    from garment_uv.training.trainer import Trainer

    config = experiment.base.with_values(params)
    torch.set_num_threads(1)
    trainer = Trainer(config, open_source(config.data.uri))
    return {epoch: trainer.train_epoch().s2s.all.mean_mm for epoch in range(1, EPOCHS + 1)}


@pytest.mark.cluster
def test_a_killed_driver_loses_and_doubles_nothing(trained, settings, tmp_path):
    file, log = tmp_path / "experiment.json", tmp_path / "driver.log"
    file.write_text(json.dumps(trained.plain()))
    with open(log, "w") as output:
        driver = subprocess.Popen([sys.executable, str(DRIVER), str(file)], stdout=output, stderr=output)
        end = time.monotonic() + SECONDS
        while reported(settings.home / "optuna.db") < 3:
            assert driver.poll() is None and time.monotonic() < end, log.read_text()[-3000:]
            time.sleep(0.3)
        kill_driver(driver)
    cut = known(settings, trained)
    assert any(t.state == TrialState.RUNNING for t in cut)

    report = run_sweep(trained, settings=settings, resume=True)
    assert (report.complete, report.ended, report.interrupted) == (2, 2, 0)
    trials = known(settings, trained)
    assert [t.params for t in trials][: len(cut)] == [t.params for t in cut]
    for trial in trials:  # bit for bit the curve that it would have had
        assert trial.intermediate_values == undisturbed(trained, trial.params)
    check_records(trials)


def reported(database: Path) -> int:
    """Epochs that the study knows, read without Optuna, which would take the processor from the trials."""
    if not database.exists():
        return 0
    with closing(sqlite3.connect(database, timeout=30)) as connection:
        tables = connection.execute("select name from sqlite_master where name = 'trial_intermediate_values'")
        if not tables.fetchall():
            return 0
        return connection.execute("select count(*) from trial_intermediate_values").fetchone()[0]


def check_records(trials) -> None:
    """One run a trial in MLflow, each epoch once, a model and a gallery, and the baselines beside them."""
    from garment_sweeps.comparison import leaderboard
    from garment_sweeps.tracking import tracking_client

    client = tracking_client()
    board = leaderboard("trained")
    assert sorted(row.name for row in board.trials) == [trial_name(t.number) for t in trials]
    assert {row.outcome for row in board.trials} == {"complete"}
    assert "body as garment" in {row.name for row in board.baselines}
    for row in board.trials:
        curve = {m.step: m.value for m in client.get_metric_history(row.run_id, "s2s/all")}
        assert len(client.get_metric_history(row.run_id, "s2s/all")) == EPOCHS
        assert curve == trials[int(row.name[1:])].intermediate_values
        assert {"model", "gallery"} <= {item.path for item in client.list_artifacts(row.run_id)}
