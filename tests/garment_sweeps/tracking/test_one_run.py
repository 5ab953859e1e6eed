"""Several processes that want the same run at the same moment: one run is left, whoever made how many."""

import subprocess
import sys
from pathlib import Path

import pytest

from garment_sweeps.tracking import SweepRun, tags
from garment_sweeps.tracking.delivery import Delivery
from garment_sweeps.tracking.runs import find_sweep, trials_of
from tests.garment_sweeps.tracking.made import history, record_of

pytestmark = pytest.mark.servers
CROWD = "tests.garment_sweeps.tracking.crowd"
ROOT = Path(__file__).resolve().parents[3]
SIZE = 4


@pytest.fixture
def server_alone(server, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)


def say_go(processes) -> list[str]:
    """Lets all go on at once and reads a line of each."""
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    return [process.stdout.readline().strip() for process in processes]


def test_a_crowd_ends_with_one_sweep_and_one_trial(server_alone):
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    commands = [[sys.executable, "-m", CROWD, "crowded", str(number), str(SIZE)] for number in range(1, SIZE + 1)]
    processes = [subprocess.Popen(command, cwd=ROOT, **pipes) for command in commands]
    try:
        assert [process.stdout.readline().strip() for process in processes] == ["ready"] * SIZE
        sweeps = say_go(processes)
        trials = say_go(processes)
    finally:
        for process in processes:
            process.kill()
            process.wait()
    sweep = SweepRun.start("crowd", "crowded", {})
    assert set(sweeps) == {sweep.run_id}
    assert len(sweep.client.search_runs([sweep.experiment_id], f"tags.`{tags.ROLE}` = 'sweep'")) == 1
    (trial,) = trials_of(sweep.client, find_sweep(sweep.client, "crowded"))
    assert trial.info.run_id == trials[-1]
    assert [step for step, _ in history(sweep.client, trial.info.run_id, "epoch")] == [1, 2, 3]


def test_a_run_made_late_with_an_earlier_clock_does_not_take_the_place_of_one_with_results(server_alone):
    sweep = SweepRun.start("crowd", "late", {})
    record = record_of(sweep, "t1")
    record.add_epoch(1, {"loss/uv": 0.5})
    delivery = Delivery(lambda: sweep.client, record, live=True)
    delivery()
    late = sweep.client.create_run(sweep.experiment_id, start_time=1, tags=record.identity.tags)
    record.add_epoch(2, {"loss/uv": 0.25})
    Delivery(lambda: sweep.client, record, live=True)()
    (kept,) = trials_of(sweep.client, find_sweep(sweep.client, "late"))
    assert kept.info.run_id == delivery.run_id != late.info.run_id
    assert history(sweep.client, kept.info.run_id, "loss/uv") == [(1, 0.5), (2, 0.25)]


def test_a_run_that_was_deleted_under_a_trial_is_made_again_with_all_epochs(server_alone):
    from garment_sweeps.tracking.courier import Courier

    sweep = SweepRun.start("crowd", "deleted", {})
    record = record_of(sweep, "t1")
    delivery = Delivery(lambda: sweep.client, record, live=True)
    courier = Courier("test", delivery)
    record.add_epoch(1, {"loss/uv": 0.5})
    courier.poke()
    assert courier.settled(300.0)
    first = delivery.run_id
    sweep.client.delete_run(first)
    record.add_epoch(2, {"loss/uv": 0.25})
    courier.poke()
    assert courier.settled(300.0)
    courier.close()
    assert delivery.run_id != first
    assert history(sweep.client, delivery.run_id, "loss/uv") == [(1, 0.5), (2, 0.25)]
