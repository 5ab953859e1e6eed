"""A real MLflow server for the tests of this room, and the local SQLite store beside it."""

import pytest

from tests.servers.mlflow import mlflow_server


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    with mlflow_server(tmp_path_factory.mktemp("mlflow")) as url:
        yield url


@pytest.fixture(scope="session")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(params=["server", "sqlite"])
def store(request, home, monkeypatch):
    """This process tracks into the server, or into a local file."""
    monkeypatch.setenv("GARMENT_HOME", str(home))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    if request.param == "server":
        monkeypatch.setenv("MLFLOW_TRACKING_URI", request.getfixturevalue("server"))
    return request.param
