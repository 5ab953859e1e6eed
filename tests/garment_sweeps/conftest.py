"""What the rooms of the platform share: each is made once a process, and when it is first needed."""

from collections.abc import Iterator

import pytest

from tests.servers.local_ray import start_local_ray, stop_local_ray
from tests.servers.mlflow import Mlflow
from tests.servers.s3 import S3Server, s3_server
from tests.servers.stores import copied_stores


@pytest.fixture(scope="session")
def _local_ray_ends() -> Iterator[None]:
    yield
    stop_local_ray()


@pytest.fixture
def local_ray(_local_ray_ends) -> None:
    """A local Ray of two CPUs."""
    start_local_ray()


@pytest.fixture(scope="session", autouse=True)
def _copied_stores() -> Iterator[None]:
    with copied_stores():
        yield


@pytest.fixture(scope="session")
def _mlflow(tmp_path_factory) -> Iterator[Mlflow]:
    server = Mlflow(tmp_path_factory.mktemp("mlflow"))
    try:
        yield server
    finally:
        server.go_on()
        server.stop()


@pytest.fixture
def mlflow_server(_mlflow) -> Mlflow:
    """An MLflow server that a test may kill or pause: the next one finds it well. Sweeps have names of their own."""
    _mlflow.revive()
    return _mlflow


@pytest.fixture(scope="session")
def s3_store() -> Iterator[S3Server]:
    """An S3 server. Tests have buckets of their own."""
    with s3_server() as running:
        yield running
