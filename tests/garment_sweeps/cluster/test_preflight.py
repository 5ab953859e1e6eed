"""What a cluster lacks is said before any trial: the rules, and real nodes that are not in order."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from garment_sweeps.cluster.findings import Answers, Finding, judge
from garment_sweeps.cluster.nodes import ClusterNode
from garment_sweeps.cluster.preflight import check, one_line, preflight
from garment_sweeps.cluster.probe import Answer, code_digest, side_by_side, versions
from garment_sweeps.cluster.probe_checks import check_storage, check_tracking, free_gib, manifest_digest
from garment_sweeps.cluster.sweep import run_sweep
from garment_sweeps.spaces.experiment import ResourcesConfig
from garment_sweeps.trials.context import StorageConfig, TrackingConfig, TrialContext
from garment_uv.errors import UserError
from tests.garment_sweeps.cluster.connected import connected_cluster
from tests.garment_sweeps.trials.conftest import s3_environment, s3_storage
from tests.servers.mlflow import free_port

__all__ = ["s3_environment", "s3_storage"]

ROOT = Path(__file__).resolve().parents[3]
HEAD = ClusterNode("h", "10.0.0.1", "head 10.0.0.1", head=True, cpus=8, gpus=0)
ONE = ClusterNode("1", "10.0.0.2", "one 10.0.0.2", head=False, cpus=4, gpus=1)
TWO = ClusterNode("2", "10.0.0.3", "two 10.0.0.3", head=False, cpus=4, gpus=1)
GOOD = Answer({"python": "3.11.7", "torch": "2.13.0"}, "aa", {}, {"free_gib": 50.0, "manifest": "m", "gpus": 1})


def judged(
    by_node=None, resources=None, nodes=(HEAD, ONE, TWO), driver=GOOD, silent=None, resumed=False, **places
) -> list[Finding]:
    uris = {"storage": "s3://b/x", "tracking": "http://m:5000", "dataset": "s3://b/d", "study": "postgresql://db/x"}
    answers = {node.id: GOOD for node in nodes} | (by_node or {})
    wanted = resources or ResourcesConfig(cpus=1, gpus=0.5)
    return judge(Answers(list(nodes), wanted, driver, answers, silent or {}, **{**uris, **places}, resumed=resumed))


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
        (replace(GOOD, wrong={"dataset": "no such key"}), "10.0.0.3", "dataset s3://b/d cannot be read from there"),
        (replace(GOOD, facts={**GOOD.facts, "manifest": "n"}), "10.0.0.3", "another dataset lies at s3://b/d there"),
        (replace(GOOD, facts={**GOOD.facts, "gpus": 0}), "10.0.0.3", "torch sees 0 of them"),
        (replace(GOOD, wrong={"gpus": "no module"}), "10.0.0.3", "torch cannot use (no module)"),
        (replace(GOOD, facts={**GOOD.facts, "free_gib": 0.3}), "10.0.0.3", "0.3 GiB free for GARMENT_HOME"),
        (replace(GOOD, wrong={"home": "/x cannot be written to"}), "10.0.0.3", "GARMENT_HOME does not work there"),
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
    bad = replace(GOOD, wrong={"dataset": "no", "home": "no"}, facts={"free_gib": 0.1, "manifest": "z"})
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
    (finding,) = judged({"2": replace(GOOD, facts={**GOOD.facts, "free_gib": 3.0})})
    assert not finding.fatal


def test_what_may_pass_by_itself_does_not_stop_a_sweep_that_ran_before():
    away = {"1": replace(GOOD, wrong={"tracking": "connection refused"})}
    for more in ({"by_node": away}, {"silent": {"1": "no answer"}}, {"resources": ResourcesConfig(cpus=99)}):
        assert [finding.fatal for finding in judged(**more)] == [True]
        assert [finding.fatal for finding in judged(**more, resumed=True)] == [False]
    (lasting,) = judged({"1": replace(GOOD, code="bb")}, resumed=True)
    assert lasting.fatal


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


def test_the_error_is_one_line_with_the_first_findings():
    many = [Finding(f"w{i}", f"m{i}") for i in range(5)]
    assert one_line(many[:1]) == "the cluster is not ready: w0; m0"
    assert one_line(many) == "the cluster is not ready: (1) w0; m0 (2) w1; m1 (3) w2; m2 and 2 more"


def test_a_check_that_hangs_is_named_and_left_behind():
    import threading

    never = threading.Event()
    wrong, facts = side_by_side({"a": lambda: {"x": 1}, "b": lambda: never.wait(), "c": lambda: 1 / 0}, 0.5)
    assert facts == {"x": 1}
    assert wrong == {"b": "no answer within 0.5 s", "c": "division by zero"}
    never.set()


def test_versions_and_code_are_the_ones_that_are_imported():
    assert versions()["ray"] and "+" not in versions()["torch"]
    assert code_digest() == code_digest() != ""


def test_checks_of_a_folder(tmp_path):
    storage = StorageConfig(uri=str(tmp_path)).plain()
    (tmp_path / "t").mkdir()
    with pytest.raises(ValueError, match="does not see what the driver wrote"):
        check_storage(storage, "t", "word", "n")
    (tmp_path / "t" / "driver").write_text("word")
    check_storage(storage, "t", "word", "n")
    assert os.listdir(tmp_path / "t") == ["driver"]
    assert free_gib(str(tmp_path / "not" / "yet")) > 0
    with pytest.raises(ValueError, match="no manifest.json"):
        manifest_digest(str(tmp_path))
    (tmp_path / "manifest.json").write_text("{}")
    assert manifest_digest(str(tmp_path)) == manifest_digest(f"file://{tmp_path}")
    with pytest.raises(ValueError, match="no such file here"):
        check_tracking(f"sqlite:///{tmp_path}/none.db")


@pytest.mark.servers
def test_checks_of_s3(s3_storage, s3_environment, tmp_path):
    import boto3

    client = boto3.client("s3")
    client.put_object(Bucket="sweeps", Key="prefix/t/driver", Body=b"word")
    check_storage(s3_storage.plain(), "t", "word", "n")
    names = [item["Key"] for item in client.list_objects_v2(Bucket="sweeps", Prefix="prefix/t/")["Contents"]]
    assert [name for name in names if not name.endswith("/")] == ["prefix/t/driver"]
    with pytest.raises(ValueError, match="does not see"):
        check_storage({**s3_storage.plain(), "uri": "s3://nope/prefix"}, "t", "word", "n")
    client.put_object(Bucket="sweeps", Key="data/manifest.json", Body=b"{}")
    assert len(manifest_digest("s3://sweeps/data")) == 64


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """A head and three nodes: one in order, one with a disk of its own, one with other code."""
    folder = tmp_path_factory.mktemp("places")
    (folder / "shared").mkdir()
    (folder / "own").mkdir()
    for part in ("model", "platform"):
        shutil.copytree(ROOT / part, folder / "other" / part, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "other" / "model" / "garment_uv" / "classes.py").open("a").write("\n# another version\n")
    before = os.getcwd()
    os.chdir(folder / "shared")
    try:
        with connected_cluster() as cluster:
            cluster.add_node(cpus=2)
            other = [str(folder / "other" / part) for part in ("model", "platform")]
            cluster.add_node(gpus=1, environment={"PYTHONPATH": ":".join(other)})
            os.chdir(folder / "own")
            cluster.add_node()
            os.chdir(folder / "shared")
            yield cluster
    finally:
        os.chdir(before)


@pytest.fixture
def there(places, settings):
    """Settings whose storage is `store` in the folder in which each node was started: not the same on all."""
    return replace(settings, ray_address=places.address, storage=StorageConfig(uri="/proc/self/cwd/store"))


def context_of(experiment, there, **changes) -> TrialContext:
    return TrialContext(
        sweep="s",
        session=0,
        base=experiment.base,
        metric="s2s/all",
        checkpoint_every=1,
        storage=there.storage,
        home=str(there.home),
        cpus=1,
        **{"work": "tabulated", **changes},
    )


def name_of(node) -> str:
    return f"({node.node_id[:8]})"


@pytest.mark.cluster
def test_the_nodes_that_are_not_in_order_are_named_and_no_other(places, experiment, there):
    good, other, apart = places.nodes
    code, storage = preflight(experiment, there, context_of(experiment, there))
    assert "other code" in code.what and len(code.nodes) == 1 and name_of(other) in code.nodes[0]
    assert "does not see what the driver wrote" in storage.what and "a folder that all nodes share" in storage.mend
    assert len(storage.nodes) == 1 and name_of(apart) in storage.nodes[0]
    assert os.listdir("store") == []  # nothing is left behind


@pytest.mark.cluster
def test_tracking_gpus_and_dataset_are_asked_for_on_the_nodes(places, experiment, there):
    good, other, apart = places.nodes
    url = f"http://127.0.0.1:{free_port()}"
    tracking = TrackingConfig(uri=url, experiment_id="", parent_run_id="")
    half = experiment.with_values({"resources.gpus": 0.5})
    context = context_of(half, there, work="train", tracking=tracking)
    found = {finding.what: finding for finding in preflight(half, there, context)}
    (silent,) = (what for what in found if url in what)
    assert "Connection refused" in silent and len(found[silent].nodes) == 4
    (gpus,) = (what for what in found if "torch sees 0" in what)
    assert len(found[gpus].nodes) == 1 and name_of(other) in found[gpus].nodes[0]
    (data,) = (what for what in found if "no manifest.json" in what)
    assert name_of(other) in found[data].nodes[0]  # the one node that could run such a trial


@pytest.mark.cluster
def test_a_sweep_is_refused_in_one_line_before_its_first_trial(places, experiment, there, monkeypatch):
    with pytest.raises(UserError, match="the cluster is not ready") as caught:
        run_sweep(experiment, settings=there, work="tabulated", tracked=False)
    assert "\n" not in str(caught.value) and "other code" in str(caught.value)
    with pytest.raises(UserError, match="a trial needs 1 CPU and 4 GPUs"):
        check(experiment.with_values({"resources.gpus": 4}), there, context_of(experiment, there))
    monkeypatch.setenv("GARMENT_PREFLIGHT", "warn")
    assert len(check(experiment, there, context_of(experiment, there))) == 2
    monkeypatch.setenv("GARMENT_PREFLIGHT", "off")
    assert check(experiment, there, context_of(experiment, there)) == []
    monkeypatch.setenv("GARMENT_PREFLIGHT", "maybe")
    with pytest.raises(UserError, match="it takes refuse, warn, off"):
        check(experiment, there, context_of(experiment, there))


@pytest.mark.cluster
def test_the_preflight_alone_lists_every_finding(places, experiment, there, monkeypatch, tmp_path, capsys):
    from garment_sweeps.cli import overrides
    from garment_sweeps.cluster.preflight_job import main
    from tests.garment_uv.cylinder import write_dataset

    uri = str(write_dataset(tmp_path / "dataset"))
    chosen = experiment.with_values({"base.data.uri": uri})
    monkeypatch.setattr(overrides, "load_experiment", lambda spec: chosen)
    assert main(["table"]) == 1
    assert "RAY_ADDRESS names no cluster" in capsys.readouterr().err
    monkeypatch.setenv("RAY_ADDRESS", places.address)
    assert main(["table"]) == 1
    captured = capsys.readouterr()
    (line,) = captured.out.splitlines()
    assert line.startswith("stops the sweep: node ") and "other code" in line
    assert captured.err.startswith("garment: the cluster is not ready: node ") and captured.err.count("\n") == 1
    monkeypatch.setattr("garment_sweeps.cluster.preflight_job.look", lambda experiment: [])
    assert main(["table", "loss.uv=2"]) == 0
    assert capsys.readouterr().out == "the cluster is ready\n"


@pytest.mark.cluster
def test_a_node_that_just_died_is_nobodys_fault(places, experiment, there):
    """The last test of this cluster: its node with a disk of its own is killed, and Ray has not noticed yet."""
    good, other, apart = places.nodes
    places.kill_node(apart)
    (code,) = preflight(experiment, there, context_of(experiment, there))
    assert "other code" in code.what
