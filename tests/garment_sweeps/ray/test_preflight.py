"""What a cluster lacks is said before any trial: real nodes, some of which are not in order."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from garment_sweeps.ray.findings import Finding
from garment_sweeps.ray.preflight import Needs, check, one_line, preflight
from garment_sweeps.settings.environment import StorageConfig
from garment_sweeps.study.study import open_storage, study_exists
from garment_uv.errors import UserError
from tests.garment_sweeps.ray.connected import connected_cluster
from tests.garment_sweeps.sweeping import run_sweep
from tests.servers.ports import silent_port

ROOT = Path(__file__).resolve().parents[3]


def test_the_error_is_one_line_with_the_first_findings():
    many = [Finding(f"w{i}", f"m{i}") for i in range(5)]
    assert one_line(many[:1]) == "the cluster is not ready: w0; m0"
    assert one_line(many) == "the cluster is not ready: (1) w0; m0 (2) w1; m1 (3) w2; m2 and 2 more"


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """A head in order and two nodes that are not: one with other code, one with a disk of its own."""
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


def name_of(node) -> str:
    return f"({node.node_id[:8]})"


@pytest.mark.cluster
def test_the_nodes_that_are_not_in_order_are_named_and_no_other(places, experiment, there):
    other, apart = places.nodes
    found = preflight(Needs(experiment, there))
    code, storage = sorted(found, key=lambda finding: "other code" not in finding.what)
    assert "other code" in code.what and len(code.nodes) == 1 and name_of(other) in code.nodes[0]
    assert "does not see what the driver wrote" in storage.what and "a folder that all nodes share" in storage.mend
    assert len(storage.nodes) == 1 and name_of(apart) in storage.nodes[0]
    assert os.listdir("store") == []  # nothing is left behind


@pytest.mark.cluster
def test_tracking_gpus_and_dataset_are_asked_for_on_the_nodes(places, experiment, there):
    other, apart = places.nodes
    url = f"http://127.0.0.1:{silent_port()}"
    half = experiment.with_values({"resources.gpus": 0.5})
    needs = Needs(half, there, dataset=half.base.data.uri, tracking=url)
    found = {finding.what: finding for finding in preflight(needs)}
    (silent,) = (what for what in found if url in what)
    assert "Connection refused" in silent and len(found[silent].nodes) == 3
    (gpus,) = (what for what in found if "torch sees 0" in what)
    assert len(found[gpus].nodes) == 1 and name_of(other) in found[gpus].nodes[0]
    (data,) = (what for what in found if "no manifest.json" in what)
    assert name_of(other) in found[data].nodes[0]  # the one node that could run such a trial


@pytest.mark.cluster
def test_a_sweep_is_refused_in_one_line_before_its_first_trial(places, experiment, there, monkeypatch):
    with pytest.raises(UserError, match="the cluster is not ready") as caught:
        run_sweep(experiment, settings=there, work="tabulated", tracked=False)
    assert "\n" not in str(caught.value) and "other code" in str(caught.value)
    assert not study_exists(open_storage(there.study_url), "table") and os.listdir("store") == []  # and without a trace
    with pytest.raises(UserError, match="a trial needs 1 CPU and 4 GPUs"):
        check(Needs(experiment.with_values({"resources.gpus": 4}), there))
    monkeypatch.setenv("GARMENT_PREFLIGHT", "warn")
    assert len(check(Needs(experiment, there))) == 2
    monkeypatch.setenv("GARMENT_PREFLIGHT", "off")
    assert check(Needs(experiment, there)) == []
    monkeypatch.setenv("GARMENT_PREFLIGHT", "maybe")
    with pytest.raises(UserError, match="it takes refuse, warn, off"):
        check(Needs(experiment, there))
    monkeypatch.setenv("GARMENT_PREFLIGHT", "refuse")
    monkeypatch.setenv("GARMENT_PREFLIGHT_SECONDS", "soon")
    with pytest.raises(UserError, match="it takes a number of seconds, as 20"):
        check(Needs(experiment, there))


@pytest.mark.cluster
def test_the_preflight_alone_lists_every_finding(places, experiment, there, monkeypatch, capsys):
    from garment_sweeps.experiment import load as overrides
    from garment_sweeps.ray.preflight import main

    monkeypatch.setattr(overrides, "load_experiment", lambda spec: experiment)
    assert main(["table"]) == 1
    assert "RAY_ADDRESS names no cluster" in capsys.readouterr().err
    monkeypatch.setenv("RAY_ADDRESS", places.address)
    assert main(["table"]) == 1
    captured = capsys.readouterr()
    code, data = captured.out.splitlines()
    assert code.startswith("stops the sweep: node ") and "other code" in code
    assert data.startswith("stops the sweep: nodes ") and "no manifest.json" in data
    assert captured.err.startswith("garment: the cluster is not ready: (1) node ") and captured.err.count("\n") == 1
    monkeypatch.setattr("garment_sweeps.ray.preflight.look", lambda experiment: [])
    assert main(["table", "loss.uv=2"]) == 0
    assert capsys.readouterr().out == "the cluster is ready\n"


@pytest.mark.cluster
def test_a_node_that_just_died_is_nobodys_fault(places, experiment, there):
    """The last test of this cluster: its node with a disk of its own is killed, and Ray has not noticed yet."""
    other, apart = places.nodes
    places.kill_node(apart)
    (code,) = preflight(Needs(experiment, there))
    assert "other code" in code.what
