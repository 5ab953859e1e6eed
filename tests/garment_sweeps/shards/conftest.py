import itertools

import boto3
import pytest
from botocore.config import Config

from tests.servers.s3 import s3_server

_numbers = itertools.count()


@pytest.fixture(scope="session")
def server():
    """One real S3 server for the whole room."""
    with s3_server() as running:
        yield running


@pytest.fixture
def s3(server, monkeypatch, tmp_path):
    """The environment of a user of the server, with a node cache of its own and no other settings."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_REGION", "GARMENT_CACHE_GB"):
        monkeypatch.delenv(name, raising=False)
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "no-such-file"))
    monkeypatch.setenv("GARMENT_CACHE_DIR", str(tmp_path / "cache"))
    return server


@pytest.fixture
def client(s3):
    return boto3.client("s3")


@pytest.fixture
def bucket(client):
    """A new empty bucket's name."""
    name = f"garment-tests-{next(_numbers)}"
    patient = Config(retries={"total_max_attempts": 12, "mode": "standard"})  # a busy machine's store starts slowly
    boto3.client("s3", config=patient).create_bucket(Bucket=name)
    return name
