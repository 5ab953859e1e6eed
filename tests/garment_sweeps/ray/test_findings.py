"""What the nodes' answers mean: the rules of a preflight."""

from dataclasses import replace

import pytest

from garment_sweeps.experiment.experiment import ResourcesConfig
from garment_sweeps.ray.findings import ClusterAnswers, Finding, findings_of
from garment_sweeps.ray.nodes import ClusterNode
from garment_sweeps.ray.probe import NodeAnswer

HEAD = ClusterNode("h", "10.0.0.1", "head 10.0.0.1", head=True, cpus=8, gpus=0)
ONE = ClusterNode("1", "10.0.0.2", "one 10.0.0.2", head=False, cpus=4, gpus=1)
TWO = ClusterNode("2", "10.0.0.3", "two 10.0.0.3", head=False, cpus=4, gpus=1)
GOOD = NodeAnswer({"python": "3.11.7", "torch": "2.13.0"}, "aa", {}, {"home_gib": 50.0, "manifest": "m", "gpus": 1})


def judged(
    by_node=None, resources=None, nodes=(HEAD, ONE, TWO), driver=GOOD, silent=None, resumed=False, **places
) -> list[Finding]:
    uris = {"storage": "s3://b/x", "tracking": "http://m:5000", "dataset": "s3://b/d", "study": "postgresql://db/x"}
    answers = {node.id: GOOD for node in nodes} | (by_node or {})
    wanted = resources or ResourcesConfig(cpus=1, gpus=0.5)
    return findings_of(
        ClusterAnswers(list(nodes), wanted, driver, answers, silent or {}, **{**uris, **places}, resumed=resumed)
    )


def test_a_cluster_in_order_has_no_findings():
    assert judged() == []


@pytest.mark.parametrize(
    ("answer", "nodes", "said"),
    [
        (replace(GOOD, versions={"python": "3.11.7", "torch": "2.12.0"}), "10.0.0.3", "has torch 2.12.0, the driver"),
        (replace(GOOD, versions={"python": "3.11.7"}), "10.0.0.3", "lacks torch; install torch 2.13.0 there"),
        (replace(GOOD, code="bb"), "10.0.0.3", "runs other code of garment-sweeps"),
        (replace(GOOD, wrong={"storage": "AccessDenied"}), "10.0.0.3", "s3://b/x does not work from there (Acc"),
        (replace(GOOD, wrong={"tracking": "timed out"}), "10.0.0.3", "http://m:5000 does not answer from there (timed"),
        (replace(GOOD, wrong={"tracking": "it answers with status 401"}), "10.0.0.3", "set MLFLOW_TRACKING_USERNAM"),
        (replace(GOOD, wrong={"tracking": "fe_sendauth: no password supplied"}), "10.0.0.3", "or PGPASSWORD for a "),
        (replace(GOOD, wrong={"dataset": "no such key"}), "10.0.0.3", "dataset s3://b/d cannot be read from there"),
        (replace(GOOD, facts={**GOOD.facts, "manifest": "n"}), "10.0.0.3", "another dataset lies at s3://b/d there"),
        (replace(GOOD, facts={**GOOD.facts, "gpus": 0}), "10.0.0.3", "torch sees 0 of them"),
        (replace(GOOD, wrong={"gpus": "no module"}), "10.0.0.3", "torch cannot use (no module)"),
        (replace(GOOD, facts={**GOOD.facts, "home_gib": 0.3}), "10.0.0.3", "0.3 GiB free for GARMENT_HOME"),
        (replace(GOOD, wrong={"home": "/x cannot be written to"}), "10.0.0.3", "GARMENT_HOME does not work there"),
        (replace(GOOD, facts={**GOOD.facts, "cache_gib": 0.3}), "10.0.0.3", "set GARMENT_CACHE_DIR to another"),
        (replace(GOOD, wrong={"cache": "/x cannot be written to"}), "10.0.0.3", "the shard cache does not work there"),
    ],
)  # fmt: skip
def test_what_one_node_lacks_is_said_with_its_name(answer, nodes, said):
    (finding,) = judged({"2": answer})
    assert finding.fatal and finding.nodes == (nodes,)
    assert finding.line().startswith(f"node {nodes}: ") and said in finding.line() and "\n" not in finding.line()


def test_nodes_that_lack_the_same_are_named_together():
    bad = replace(GOOD, wrong={"storage": "AccessDenied"})
    (finding,) = judged({"1": bad, "2": bad})
    assert finding.line().startswith("nodes 10.0.0.2, 10.0.0.3: ")
    many = Finding("is slow", "wait", tuple(f"n{i}" for i in range(9)))
    assert many.line() == "nodes n0, n1, n2, n3 and 5 more: is slow; wait"


def test_what_only_trials_need_is_not_asked_of_the_head():
    bad = replace(GOOD, wrong={"dataset": "no", "home": "no"}, facts={"home_gib": 0.1, "manifest": "z"})
    assert judged({"h": bad}) == []
    assert len(judged({"h": replace(bad, code="bb")})) == 1


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (ResourcesConfig(cpus=16), "a trial needs 16 CPUs: the largest of 3 nodes has 4 CPUs and 1 GPU;"),
        (ResourcesConfig(cpus=1, gpus=2), "a trial needs 1 CPU and 2 GPUs: the largest"),
    ],
)
def test_a_trial_that_fits_nowhere(wanted, said):
    (finding,) = judged(resources=wanted)
    assert finding.fatal and finding.line().startswith(said)


def test_no_gpu_anywhere():
    (finding,) = judged(resources=ResourcesConfig(gpus=0.5), nodes=(HEAD, replace(ONE, gpus=0)))
    assert finding.what == "a trial needs 0.5 GPUs: no node has a GPU"


def test_what_a_sweep_survives_comes_last_and_stops_nothing():
    findings = judged(nodes=(HEAD, replace(ONE, gpus=0)), resources=ResourcesConfig(cpus=8), study="sqlite:////x.db")
    assert [finding.fatal for finding in findings] == [False, False]
    assert "only there can --resume" in findings[0].what and "only the head offers" in findings[1].what
    (finding,) = judged({"2": replace(GOOD, facts={**GOOD.facts, "home_gib": 3.0})})
    assert not finding.fatal


def test_what_may_pass_by_itself_does_not_stop_a_sweep_that_ran_before():
    away = {"1": replace(GOOD, wrong={"tracking": "connection refused"})}
    for more in ({"by_node": away}, {"silent": {"1": "no answer"}}, {"resources": ResourcesConfig(cpus=99)}):
        assert [finding.fatal for finding in judged(**more)] == [True]
        assert [finding.fatal for finding in judged(**more, resumed=True)] == [False]
    no_keys = replace(GOOD, wrong={"storage": "AccessDenied"})
    for lasting in (replace(GOOD, code="bb"), no_keys):
        assert [finding.fatal for finding in judged({"1": lasting}, resumed=True)] == [True]
    everywhere = {"driver": no_keys, "by_node": {"h": no_keys, "1": no_keys, "2": no_keys}}
    assert [finding.fatal for finding in judged(**everywhere)] == [True]
    assert [finding.fatal for finding in judged(**everywhere, resumed=True)] == [False]


def test_an_sqlite_file_for_mlflow_is_refused_on_several_machines_only():
    (finding,) = judged(tracking="sqlite:////x.db")
    assert finding.fatal and "start `mlflow server`" in finding.mend
    assert judged(tracking="sqlite:////x.db", nodes=(HEAD, replace(ONE, machine=HEAD.machine))) == []


def test_a_silent_node_and_a_driver_that_cannot_write():
    (finding,) = judged(silent={"1": "no answer within 20 s"})
    assert finding.line().startswith("node 10.0.0.2: no answer within 20 s; look at it")
    bad = replace(GOOD, wrong={"storage": "no such bucket"})
    (finding,) = judged(driver=bad, by_node={"1": bad, "2": bad, "h": bad})
    assert "does not work from the driver (no such bucket)" in finding.what
