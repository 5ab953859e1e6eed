"""A context of tabulated work in a temporary folder."""

import contextlib

import pytest

from garment_sweeps.settings.environment import StorageConfig
from garment_sweeps.trials.context import TrialContext
from garment_uv.training.trial import TrialConfig


@pytest.fixture
def context(tmp_path) -> TrialContext:
    return TrialContext(
        sweep="s",
        session=0,
        base=TrialConfig().with_values({"training.epochs": 5, "training.optimiser.generator_lr": 1e-3}),
        metric="s2s/all",
        checkpoint_every=1,
        storage=StorageConfig(uri=str(tmp_path / "store")),
        home=str(tmp_path),
        cpus=1,
    )


@pytest.fixture(scope="session")
def s3_environment(s3_store):
    """The environment in which an S3 server is found, with a bucket for this room."""
    import boto3
    from botocore.config import Config

    keys = {"aws_access_key_id": s3_store.access_key, "aws_secret_access_key": s3_store.secret_key}
    patient = Config(retries={"total_max_attempts": 12, "mode": "standard"})  # a busy machine's store starts slowly
    client = boto3.client("s3", endpoint_url=s3_store.endpoint, region_name="us-east-1", config=patient, **keys)
    with contextlib.suppress(client.exceptions.BucketAlreadyOwnedByYou):  # made by the same room's other import
        client.create_bucket(Bucket="sweeps")
    return s3_store.environment


@pytest.fixture
def s3_storage(s3_environment, monkeypatch) -> StorageConfig:
    for name, value in s3_environment.items():
        monkeypatch.setenv(name, value)
    return StorageConfig(uri="s3://sweeps/prefix", endpoint=s3_environment["AWS_ENDPOINT_URL_S3"])
