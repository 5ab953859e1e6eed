"""Promotion and the way back by the commands, against an MLflow server that asks for passwords."""

import re

import pytest

from garment_sweeps.cli.main import main
from garment_sweeps.promotion import CHAMPION, champion_folder
from garment_sweeps.promotion.champion import MODEL_NAME, version_of_alias
from garment_sweeps.tracking import tags, tracking_client
from garment_sweeps.tracking.model_artifact import weights_sha256
from tests.garment_sweeps.promotion.crafted import changed, fair, torn, track
from tests.servers.mlflow import mlflow_server

pytestmark = pytest.mark.servers
PASSWORD = "correct-horse-battery"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with mlflow_server(tmp_path_factory.mktemp("mlflow"), PASSWORD) as url:
        yield url


@pytest.fixture
def served(server, trained_home, tmp_path, monkeypatch):
    """This process as admin of the server; three sweeps there, each with one model."""
    monkeypatch.setenv("GARMENT_HOME", str(tmp_path / "home"))
    settings = {"TRACKING_URI": server, "TRACKING_USERNAME": "admin", "TRACKING_PASSWORD": PASSWORD}
    for name, value in settings.items():
        monkeypatch.setenv(f"MLFLOW_{name}", value)
    good, dataset = trained_home.home / "good" / "model", trained_home.dataset
    changes = {"good": lambda generator: None, "fair": fair(good, dataset, tmp_path / "scratch"), "spiked": torn}
    for name, change in changes.items():
        track(dataset, changed(good, tmp_path / name, change), name)
    return server


def versions() -> dict[str, str]:
    """Number and sweep of each registered version."""
    client = tracking_client()
    found = client.search_model_versions(f"name = '{MODEL_NAME}'")
    return {str(one.version): client.get_run(one.run_id).data.tags[tags.SWEEP] for one in found}


def champion() -> str | None:
    found = version_of_alias(tracking_client(), CHAMPION)
    return None if found is None else str(found.version)


def kept() -> list:
    """All that the registry says: versions, champion, and what is tagged to it."""
    now = champion()
    return [versions(), now, tracking_client().get_model_version(MODEL_NAME, now).tags]


def test_promoted_refused_promoted_twice_and_rolled_back(served, tmp_path, capsys):
    assert main(["promote", "fair", "--dry-run"]) == 0
    assert "only would become the champion" in capsys.readouterr().out
    assert versions() == {} and champion() is None
    for _ in range(2):
        assert main(["promote", "fair", "--why", "the first"]) == 0
        assert f"{MODEL_NAME} version 1 is the champion" in capsys.readouterr().out
    assert versions() == {"1": "fair"} and champion() == "1"

    assert main(["promote", "spiked"]) == 1
    said = capsys.readouterr()
    assert re.search(r"exploded faces .*0\.10%.* FAILED", said.out)
    assert re.match(r"garment: not promoted: the gates .*exploded faces", said.err) and said.err.count("\n") == 1
    assert versions() == {"1": "fair"} and champion() == "1"

    assert main(["promote", "good"]) == 0
    assert versions() == {"1": "fair", "2": "good"} and champion() == "2"
    assert weights_sha256(champion_folder()) == weights_sha256(tmp_path / "good")
    assert main(["rollback"]) == 0
    assert champion() == "1" and weights_sha256(champion_folder()) == weights_sha256(tmp_path / "fair")
    assert "champion is version 1 again; it was version 2" in capsys.readouterr().out


def test_strangers_and_who_may_only_read_are_told_so_and_change_nothing_until_they_may(served, capsys):
    import mlflow.server

    users = mlflow.server.get_app_client("basic-auth", served)
    users.create_user("reader", "reads-everything-1")
    assert main(["promote", "good"]) == 0
    capsys.readouterr()
    before = kept()
    refused = {
        ("admin", "wrong-horse-battery"): "does not know this user or password; set MLFLOW_TRACKING_USERNAME",
        ("reader", "reads-everything-1"): "lets this user only read, and changing the champion needs the permission",
    }
    for (name, password), said in refused.items():
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("MLFLOW_TRACKING_USERNAME", name)
            patch.setenv("MLFLOW_TRACKING_PASSWORD", password)
            for command in (["promote", "good"], ["rollback"]):
                assert main(command) == 1
                line = capsys.readouterr().err
                assert line.startswith(f"garment: MLflow at {served} {said}") and line.count("\n") == 1
                assert password not in line
    assert before == kept()
    experiment = tracking_client().get_experiment_by_name("promotion").experiment_id
    users.grant_user_permission("reader", "experiment", experiment, "EDIT")
    users.grant_user_permission("reader", "registered_model", MODEL_NAME, "EDIT")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_USERNAME", "reader")
        patch.setenv("MLFLOW_TRACKING_PASSWORD", "reads-everything-1")
        assert main(["promote", "good"]) == 0
