"""What a sweep runs on beside its nodes: tracking server, study's database, checkpoints' store."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.audit import StudyDatabase
from tests.chaos.proxy import RecordingProxy, recording_proxy
from tests.servers.mlflow import Mlflow
from tests.servers.postgres import postgres_server
from tests.servers.s3 import s3_server
from tests.servers.server import Server

BUCKET = "chaos"


@dataclass
class Parts:
    """Servers that run, and how each is seen from outside."""

    environment: dict[str, str]
    """In which a driver finds them."""
    servers: dict[str, Server] = field(default_factory=dict)
    """Those that can be killed, by the name of the victim."""
    study: StudyDatabase | None = None
    """The study's PostgreSQL; None where it is SQLite."""
    tracking: RecordingProxy | None = None
    """Before the MLflow server; None where that is SQLite."""


@contextmanager
def open_parts(folder: Path, victims: tuple[str, ...], refused: tuple[str, int] | None = None) -> Iterator[Parts]:
    """Those of the servers that are among the victims (see `stage.open_stage`)."""
    home = folder / "home"
    home.mkdir()
    parts = Parts({"GARMENT_HOME": str(home), "OMP_NUM_THREADS": "1", "RAY_USAGE_STATS_ENABLED": "0"})
    servers, environment = parts.servers, parts.environment
    environment["GARMENT_PREFLIGHT_SECONDS"] = "600"  # a machine with all of a cluster on it is slow
    with ExitStack() as stack:
        if "postgres" in victims:
            servers["postgres"] = stack.enter_context(postgres_server())
            environment["GARMENT_OPTUNA_STORAGE"] = servers["postgres"].url
            parts.study = StudyDatabase(servers["postgres"].url)
        if "mlflow" in victims:
            servers["mlflow"] = Mlflow(folder)
            stack.callback(servers["mlflow"].stop)
            servers["mlflow"].start()
            parts.tracking = stack.enter_context(recording_proxy(servers["mlflow"].url, refused))
            environment["MLFLOW_TRACKING_URI"] = parts.tracking.url
        if "s3" in victims:
            store = stack.enter_context(s3_server())
            if store.server is None:
                raise RuntimeError("victim 's3' needs Swift (tests/servers/install_swift.sh): moto forgets all it held")
            servers["s3"] = store.server
            environment |= {**store.environment, "GARMENT_STORAGE": f"s3://{BUCKET}/sweeps"}
            make_bucket(store.environment)
        yield parts


def make_bucket(environment: dict[str, str]) -> None:
    """The bucket of the checkpoints, in the store that `environment` names."""
    import boto3

    boto3.client(
        "s3",
        endpoint_url=environment["AWS_ENDPOINT_URL_S3"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        region_name=environment["AWS_DEFAULT_REGION"],
    ).create_bucket(Bucket=BUCKET)


@contextmanager
def inherited(values: dict[str, str]) -> Iterator[None]:
    """This process's environment, which the nodes inherit, while inside."""
    names = {*values, "RAY_ADDRESS", "GARMENT_STORAGE", "GARMENT_OPTUNA_STORAGE", "MLFLOW_TRACKING_URI"}
    before = {name: os.environ.pop(name, None) for name in names}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
