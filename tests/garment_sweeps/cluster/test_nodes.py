"""Where trials may run: the rules, and a real cluster of a head and one node with a made-up GPU."""

import json
import threading
from dataclasses import replace

import pytest

from garment_sweeps.cluster.nodes import ClusterNode, cluster_nodes, off_the_head, places, trial_nodes, trial_placement
from garment_sweeps.cluster.sweep import run_sweep
from garment_sweeps.spaces.experiment import ResourcesConfig
from tests.garment_sweeps.cluster.connected import connected_cluster

HEAD = ClusterNode("h", "10.0.0.1", "head 10.0.0.1", head=True, cpus=8, gpus=1)
NODE = ClusterNode("n", "10.0.0.2", "node 10.0.0.2", head=False, cpus=4, gpus=1)


@pytest.mark.parametrize(
    ("cpus", "gpus", "room"),
    [(1, 0, 4), (0.5, 0.25, 4), (1, 0.3, 3), (0.1, 0, 40), (8, 0, 0), (1, 2, 0), (4, 1, 1)],
)
def test_room_on_a_node_for_whole_trials(cpus, gpus, room):
    assert NODE.room_for(ResourcesConfig(cpus=cpus, gpus=gpus)) == room


def test_the_head_runs_trials_only_where_no_other_node_could():
    one = ResourcesConfig(cpus=1, gpus=0.5)
    assert trial_nodes([HEAD, NODE], one) == [NODE]
    assert trial_nodes([HEAD], one) == [HEAD]
    assert trial_nodes([HEAD, replace(NODE, gpus=0)], one) == [HEAD, replace(NODE, gpus=0)]
    assert trial_nodes([replace(HEAD, cpus=0), NODE], one) == [NODE]


@pytest.fixture(scope="module")
def cluster():
    """A head of two CPUs and a node of one CPU and one GPU."""
    with connected_cluster(head_cpus=2) as running:
        running.add_node(cpus=1, gpus=1)
        yield running


@pytest.mark.cluster
def test_a_head_that_offers_more_than_the_node_gets_no_trial(cluster, experiment, settings):
    head, node = cluster_nodes()
    assert (head.head, head.cpus, node.head, node.gpus) == (True, 2, False, 1)
    assert head.machine == node.machine and head.name != node.name
    small = experiment.with_values({"trials": 4, "resources.cpus": 0.5})
    assert places(small) == 2
    report = run_sweep(small, settings=replace(settings, ray_address=cluster.address), work="tabulated", tracked=False)
    assert report.ended == 4
    attempts = list((settings.home / "sweeps" / "table").glob("*.attempts/*"))
    assert len(attempts) == 4
    assert {json.loads(path.read_text())["node"] for path in attempts} == {node.id}


@pytest.mark.cluster
def test_what_only_the_head_could_run_is_not_kept_from_it(cluster, experiment):
    assert off_the_head(ResourcesConfig(cpus=2)) == {}
    assert off_the_head(ResourcesConfig(cpus=1)) == {"ray.io/node-id": f"!{cluster_nodes()[0].id}"}


@pytest.mark.cluster
def test_four_trials_of_a_quarter_of_a_gpu_each_run_at_once(cluster, experiment, settings):
    import ray

    quarter = experiment.with_values(
        {"trials": 4, "scheduler": None, "resources.cpus": 0.1, "resources.gpus": 0.25, "try_base": False}
    )
    assert places(quarter) == 4
    groups = [trial_placement(quarter).to_placement_group() for _ in range(4)]
    fifth = trial_placement(quarter).to_placement_group()
    assert all(group.wait(30) for group in groups) and not fifth.wait(0.5)
    for group in (*groups, fifth):
        ray.util.remove_placement_group(group)

    free, done = [], threading.Event()

    def watch() -> None:
        while not done.wait(0.1):
            free.append(ray.available_resources().get("GPU", 0.0))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        there = replace(settings, ray_address=cluster.address)
        report = run_sweep(quarter, settings=there, work="tabulated", tracked=False, seconds_per_epoch=1.5)
    finally:
        done.set()
        watcher.join()
    assert report.ended == 4
    assert min(free) == 0.0  # the one GPU was held by four trials at once
