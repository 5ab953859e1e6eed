import itertools
from pathlib import Path
from typing import NamedTuple

import boto3
import pytest
from botocore.config import Config

from tests.servers.s3 import S3Server, moto_server

_numbers = itertools.count()


class Bucket(NamedTuple):
    """A new empty bucket of a running server, to whose user the environment belongs."""

    server: S3Server
    name: str


@pytest.fixture(scope="session")
def server(s3_store):
    """A real S3 server."""
    return s3_store


@pytest.fixture(scope="session")
def moto(tmp_path_factory):
    """One moto for the whole room, beside the real server: it checks nothing that it is sent."""
    with moto_server(tmp_path_factory.mktemp("moto")) as running:
        yield running


@pytest.fixture
def s3(server, monkeypatch, tmp_path):
    """The environment of a user of the server, with a node cache of its own and no other settings."""
    _be_user(server, monkeypatch, tmp_path)
    return server


@pytest.fixture
def client(s3):
    return boto3.client("s3")


@pytest.fixture
def bucket(s3):
    """A new empty bucket's name."""
    return _new_bucket(s3).name


@pytest.fixture
def swift_bucket(server, monkeypatch, tmp_path):
    """A bucket of Swift; where it is not installed the test is left out, since moto has it anyway."""
    if server.kind != "swift":
        pytest.skip("Swift is not installed: tests/servers/install_swift.sh")
    _be_user(server, monkeypatch, tmp_path)
    return _new_bucket(server)


@pytest.fixture
def moto_bucket(moto, monkeypatch, tmp_path):
    """A bucket of moto."""
    _be_user(moto, monkeypatch, tmp_path)
    return _new_bucket(moto)


@pytest.fixture(params=["swift", "moto"])
def s3_bucket(request):
    """A bucket of each server in turn."""
    return request.getfixturevalue(f"{request.param}_bucket")


def _be_user(server: S3Server, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_REGION", "GARMENT_CACHE_GB"):
        monkeypatch.delenv(name, raising=False)
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(folder / "no-such-file"))
    monkeypatch.setenv("GARMENT_CACHE_DIR", str(folder / "cache"))


def _new_bucket(server: S3Server) -> Bucket:
    name = f"garment-tests-{next(_numbers)}"
    patient = Config(retries={"total_max_attempts": 12, "mode": "standard"})  # a busy machine's store starts slowly
    boto3.client("s3", config=patient).create_bucket(Bucket=name)
    return Bucket(server, name)
