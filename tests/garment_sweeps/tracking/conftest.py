"""A real MLflow server for the tests of this room, and the local SQLite store beside it."""

import pytest


@pytest.fixture
def server(mlflow_server) -> str:
    return mlflow_server.url


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
