"""Where trials may run: the rules, and a real cluster of a head and one node with a made-up GPU."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from garment_sweeps.budget.opening import open_outlook
from garment_sweeps.budget.stop import BudgetStop
from garment_sweeps.experiment import Budget
from garment_sweeps.experiment.experiment import ResourcesConfig
from garment_sweeps.ray.nodes import (
    ClusterNode,
    cluster_nodes,
    off_the_head,
    places,
    trial_nodes,
    trial_placement,
    trial_places,
)
from garment_uv.errors import UserError
from tests.garment_sweeps.ray.connected import connected_cluster
from tests.garment_sweeps.sweeping import run_sweep

SECONDS = 600
HEAD = ClusterNode("h", "10.0.0.1", "head 10.0.0.1", head=True, cpus=8, gpus=1)
NODE = ClusterNode("n", "10.0.0.2", "node 10.0.0.2", head=False, cpus=4, gpus=1)


@pytest.mark.parametrize(
    ("cpus", "gpus", "room"),
    [(1, 0, 4), (0.5, 0.25, 4), (1, 0.3, 3), (0.1, 0, 40), (8, 0, 0), (1, 2, 0), (4, 1, 1)],
)
def test_room_on_a_node_for_whole_trials(cpus, gpus, room):
    assert NODE.room_for(ResourcesConfig(cpus=cpus, gpus=gpus)) == room


@pytest.mark.parametrize(("gpus", "room"), [(0.6, 2), (0.5, 4), (0.4, 4), (0.3, 6), (1, 2), (2, 1)])
def test_a_fraction_of_a_gpu_is_not_made_of_two(gpus, room):
    assert replace(NODE, cpus=64, gpus=2).room_for(ResourcesConfig(cpus=1, gpus=gpus)) == room


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
def test_the_forecast_counts_the_places_that_there_are_and_not_the_clusters_sum(cluster, experiment, settings):
    """Of three CPUs the head's two give no place, and what is left of the node's one does not either."""
    elsewhere = replace(settings, ray_address=cluster.address)  # where nodes may still come
    history = SimpleNamespace(in_state=lambda which: [])
    for cpus, most, there in ((1.0, 0, 1), (0.7, 0, 1), (0.4, 0, 2), (0.4, 7, 2), (0.4, 1, 1), (2.0, 0, 1)):
        changed = experiment.with_values({"resources.cpus": cpus, "max_concurrent": most})
        state = SimpleNamespace(spec=SimpleNamespace(experiment=changed, trials=8), history=history)
        now = trial_places(changed, elsewhere).now
        assert open_outlook(state, BudgetStop(Budget()), now, None, changed.base).plan.places == there


@pytest.mark.cluster
def test_on_this_machine_no_more_trials_are_given_out_than_it_holds(cluster, experiment, settings):
    for most, given in ((0, 2), (7, 2), (1, 1)):
        small = experiment.with_values({"resources.cpus": 0.4, "max_concurrent": most})
        assert trial_places(small, settings).most == given
    with pytest.raises(UserError, match="needs 3 CPUs and 0 GPUs"):
        trial_places(experiment.with_values({"resources.cpus": 3, "max_concurrent": 7}), settings)
    elsewhere = replace(settings, ray_address=cluster.address)  # where nodes may still come
    assert trial_places(experiment.with_values({"resources.cpus": 3, "max_concurrent": 7}), elsewhere) == (0, 7)


@pytest.mark.cluster
def test_what_only_the_head_could_run_is_not_kept_from_it(cluster, experiment):
    assert off_the_head(ResourcesConfig(cpus=2)) == {}
    assert off_the_head(ResourcesConfig(cpus=1)) == {"ray.io/node-id": f"!{cluster_nodes()[0].id}"}


@pytest.mark.cluster
def test_the_processes_of_a_trial_have_a_bundle_each_on_one_node_off_the_head(cluster, experiment):
    import ray

    two = experiment.with_values({"base.training.processes": 2, "resources.cpus": 0.5})
    assert places(two) == 1
    group = trial_placement(two).to_placement_group()
    assert group.wait(SECONDS)
    assert group.bundle_specs == [{"CPU": 0.5}] * 2
    where = ray.util.placement_group_table(group)["bundles_to_node_id"]
    ray.util.remove_placement_group(group)
    assert set(where.values()) == {cluster_nodes()[1].id}


@pytest.mark.cluster
def test_four_trials_of_a_quarter_of_a_gpu_each_run_at_once(cluster, experiment, tmp_path):
    """Each trial waits for three others before it ends."""
    import ray
    from ray import tune

    def meet(config: dict) -> None:
        import time
        import uuid

        (Path(config["folder"]) / uuid.uuid4().hex).touch()
        end = time.monotonic() + SECONDS
        while len(list(Path(config["folder"]).iterdir())) < 4:
            assert time.monotonic() < end
            time.sleep(0.1)
        tune.report({"met": 4})

    quarter = experiment.with_values({"resources.cpus": 0.1, "resources.gpus": 0.25})
    assert places(quarter) == 4
    placement = trial_placement(quarter)
    groups = [placement.to_placement_group() for _ in range(5)]
    placed = [group.ready() for group in groups]
    assert len(ray.wait(placed, num_returns=4, timeout=SECONDS)[0]) == 4  # any four of them: Ray keeps no order
    assert len(ray.wait(placed, num_returns=5, timeout=0.5)[0]) == 4
    for group in groups:
        ray.util.remove_placement_group(group)
    (tmp_path / "meeting").mkdir()
    tuner = tune.Tuner(
        tune.with_resources(meet, placement),
        param_space={"folder": str(tmp_path / "meeting")},
        tune_config=tune.TuneConfig(num_samples=4),
        run_config=tune.RunConfig(storage_path=str(tmp_path / "tune"), verbose=0),
    )
    results = tuner.fit()
    assert [result.metrics["met"] for result in results] == [4] * 4 and not results.errors
