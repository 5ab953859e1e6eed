"""Nodes that are taken away, with warning and without: each costs its trial a restart from the checkpoint, no more."""

import json
import threading
import time
from dataclasses import replace

import pytest

from garment_sweeps.ray.nodes import cluster_nodes
from garment_sweeps.trials.checkpoints import TrialStore
from tests.garment_sweeps.driver.drive import hold_at
from tests.garment_sweeps.driver.test_sweep import study_of
from tests.garment_sweeps.ray.connected import connected_cluster
from tests.garment_sweeps.sweeping import run_sweep
from tests.tabulated import curve_mm

EPOCHS = 16
SECONDS = 600


@pytest.fixture(scope="module")
def cluster():
    """A head without CPUs and three nodes of one each."""
    with connected_cluster() as running:
        for _ in range(3):
            running.add_node()
        yield running


class Sweep(threading.Thread):
    """One tabulated trial of some seconds, in a thread of its own."""

    def __init__(self, experiment, settings) -> None:
        super().__init__(daemon=True)
        self.experiment, self.settings, self.report = experiment, settings, None
        self.store = TrialStore.open(settings.storage, experiment.name, "t00000", session=0)

    def run(self) -> None:
        self.report = run_sweep(
            self.experiment, settings=self.settings, work="tabulated", tracked=False, seconds_per_epoch=0.5
        )

    def wait_for_checkpoint(self, attempt: int) -> str:
        """Until the trial's attempt of that number, from 1, has written one of its own; gives the node it runs on."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            assert self.is_alive(), self.report
            attempts = self.store.attempts()
            names = [path.rpartition("_")[2] for path in self.store.checkpoints()]
            if len(attempts) >= attempt and names and int(names[0]) > attempts[-1].epoch:
                return self.node(attempts[-1])
            time.sleep(0.1)
        raise AssertionError(f"no checkpoint of attempt {attempt} in {SECONDS} s")

    def node(self, attempt) -> str:
        folder = self.settings.home / "sweeps" / self.experiment.name / "t00000.attempts"
        (path,) = folder.glob(f"attempt-{attempt.number:08d}-*")
        return json.loads(path.read_text())["node"]


def drain(cluster, node: str) -> None:
    """What a cloud's notice does: the node takes nothing new, and goes in ten minutes, long after the test."""
    from ray._raylet import GcsClient
    from ray.core.generated import autoscaler_pb2

    reason = autoscaler_pb2.DrainNodeReason.DRAIN_NODE_REASON_PREEMPTION
    deadline = int((time.time() + 600) * 1000)
    accepted, why = GcsClient(address=cluster.address).drain_node(node, reason, "taken away", deadline)
    assert accepted, why


@pytest.mark.cluster
def test_a_trial_leaves_a_node_that_says_it_goes_and_survives_one_that_just_dies(cluster, experiment, settings):
    there = replace(settings, ray_address=cluster.address)
    one = experiment.with_values({"trials": 1, "scheduler": None, "base.training.epochs": EPOCHS, "try_base": False})
    sweep = Sweep(one, there)
    drained, killed = threading.Event(), threading.Event()
    with hold_at(5, drained.is_set), hold_at(11, killed.is_set):  # neither comes too late
        sweep.start()
        first = sweep.wait_for_checkpoint(1)
        drain(cluster, first)
        drained.set()
        second = sweep.wait_for_checkpoint(2)
        assert second != first and first not in {node.id for node in cluster_nodes()}
        cluster.kill_node(next(node for node in cluster.nodes if node.node_id == second))
        killed.set()
        sweep.join(SECONDS)
    assert (sweep.report.complete, sweep.report.failed) == (1, 0)

    attempts = sweep.store.attempts()
    assert len(attempts) == 3 and len({sweep.node(attempt) for attempt in attempts}) == 3
    assert 0 < attempts[1].epoch < attempts[2].epoch
    (trial,) = study_of(settings, one)
    config = one.base.with_values(trial.params)
    assert trial.intermediate_values == {epoch: curve_mm(config, epoch) for epoch in range(1, EPOCHS + 1)}


@pytest.mark.cluster
def test_a_worker_sees_dead_and_leaving_nodes_as_gone(cluster, experiment, settings):
    """After the test above, in which one node was drained and one killed, both crashed no trial."""
    import ray

    def gone(nodes: list[str]) -> list[bool]:
        from garment_sweeps.ray.nodes import ray_place

        place = ray_place()
        return [place.gone(node) for node in (*nodes, place.node)] + [place.leaving()]

    alive = {node.id for node in cluster_nodes()}
    others = [node["NodeID"] for node in ray.nodes() if node["NodeID"] not in alive]
    assert len(others) == 2
    said = ray.get(ray.remote(num_cpus=1)(gone).remote([*others, "0" * 56]))
    assert said == [True, True, True, False, False]
