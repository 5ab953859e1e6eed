"""What the rooms of the platform share; servers and clusters are made once a process, when they are first needed."""

import contextlib
from collections.abc import Iterator

import pytest

from garment_sweeps.experiment import AshaConfig, Choice, Experiment, FinalsConfig, Float, Space
from garment_sweeps.settings.environment import Settings, StorageConfig
from garment_uv.training.trial import TrialConfig
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
    """An MLflow server that a test may kill or pause: the next one finds it well, and empty."""
    _mlflow.revive()
    _mlflow.forget()
    return _mlflow


@pytest.fixture(scope="session")
def s3_store() -> Iterator[S3Server]:
    """An S3 server. Tests have buckets of their own."""
    with s3_server() as running:
        yield running


@pytest.fixture
def experiment() -> Experiment:
    """Eight trials of six epochs whose curves come from a table; one option of four is untrainable. No finals."""
    return Experiment(
        name="table",
        description="tabulated",
        base=TrialConfig().with_values({"training.epochs": 6, "training.optimiser.generator_lr": 1e-3}),
        space=Space(
            parameters=(
                Float(path="loss.adversarial", low=1e-4, high=1.0, log=True),
                Choice(path="training.optimiser.generator_lr", options=(1e-4, 1e-3, 1e-2, 0.9)),
            )
        ),
        trials=8,
        sampler="random",
        seed=5,
        scheduler=AshaConfig(grace_epochs=1, reduction=2),
        finals=FinalsConfig(finalists=0),
    )


@pytest.fixture
def settings(request, tmp_path, monkeypatch) -> Settings:
    """All in one folder, or tracked on `mlflow_server` where a test uses it: each process of Ray opens that sooner."""
    for name in ("GARMENT_STORAGE", "GARMENT_OPTUNA_STORAGE", "RAY_ADDRESS", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GARMENT_HOME", str(tmp_path / "home"))
    if "mlflow_server" in request.fixturenames:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", request.getfixturevalue("mlflow_server").url)
    return Settings.from_environment()


@pytest.fixture(scope="session")
def s3_environment(s3_store):
    """The environment in which an S3 server is found, with a bucket for sweeps."""
    import boto3
    from botocore.config import Config

    keys = {"aws_access_key_id": s3_store.access_key, "aws_secret_access_key": s3_store.secret_key}
    patient = Config(retries={"total_max_attempts": 12, "mode": "standard"})  # a busy machine's store starts slowly
    client = boto3.client("s3", endpoint_url=s3_store.endpoint, region_name="us-east-1", config=patient, **keys)
    with contextlib.suppress(client.exceptions.BucketAlreadyOwnedByYou):  # made by another process of the tests
        client.create_bucket(Bucket="sweeps")
    return s3_store.environment


@pytest.fixture
def s3_storage(s3_environment, monkeypatch) -> StorageConfig:
    for name, value in s3_environment.items():
        monkeypatch.setenv(name, value)
    return StorageConfig(uri="s3://sweeps/prefix", endpoint=s3_environment["AWS_ENDPOINT_URL_S3"])
