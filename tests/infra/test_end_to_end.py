"""A sweep from S3 to S3 over PostgreSQL and MLflow, all of which ask for passwords; none of them is ever seen."""

import base64
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request

import boto3
import pytest
import sqlalchemy

from tests.garment_uv.cylinder import small_config, write_dataset
from tests.infra.composed import PASSWORDS, Composed, base_environment, composed
from tests.infra.files import ROOT
from tests.servers.postgres import missing_for_postgres

pytestmark = [
    pytest.mark.servers,
    pytest.mark.cluster,
    pytest.mark.skipif(missing_for_postgres() is not None, reason=str(missing_for_postgres())),
]
SECONDS = 1200
EXPERIMENT = """
from garment_sweeps.experiment import Experiment, FinalsConfig, Float, Space
from garment_uv.training.trial import TrialConfig


def experiment():
    return Experiment(
        name="composed",
        description="over all services",
        base=TrialConfig().with_values({changes!r}),
        space=Space(parameters=(Float(path="loss.adversarial", low=1e-4, high=1e-1, log=True),)),
        trials=2,
        scheduler=None,
        finals=FinalsConfig(finalists=0),
    )
"""


@pytest.fixture(scope="module")
def services(tmp_path_factory):
    with composed(tmp_path_factory.mktemp("servers")) as running:
        yield running


@pytest.fixture(scope="module")
def swept(services, tmp_path_factory) -> subprocess.CompletedProcess:
    """A sweep of two trials in the environment of the service `ray`, with a local Ray; its output and logs."""
    folder = tmp_path_factory.mktemp("work")
    for path in (dataset := write_dataset(folder / "dataset")).rglob("*"):
        if path.is_file():
            name = f"cylinder/{path.relative_to(dataset)}"
            client(services).upload_file(str(path), "datasets", name)
    changes = small_config(**{"data.uri": "s3://datasets/cylinder", "training.epochs": 1}).flat()
    experiment = folder / "composed.py"
    experiment.write_text(EXPERIMENT.replace("{changes!r}", repr(changes)))
    return garment(services, folder, "sweep", str(experiment))


def garment(services: Composed, folder, *arguments: str) -> subprocess.CompletedProcess:
    own = {"GARMENT_HOME": str(folder / "home"), "GARMENT_CACHE_DIR": str(folder / "cache"), "OMP_NUM_THREADS": "1"}
    own |= {"RAY_worker_niceness": "0"}  # else trials come last on a machine that is busy with other tests
    python_path = os.pathsep.join([str(ROOT / "model"), str(ROOT / "platform"), os.environ.get("PYTHONPATH", "")])
    environment = base_environment() | services.settings("ray") | own | {"PYTHONPATH": python_path}
    command = [sys.executable, "-m", "garment_sweeps.cli.main", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=SECONDS)


def client(services: Composed):
    keys = {"aws_access_key_id": services.s3.access_key, "aws_secret_access_key": services.s3.secret_key}
    return boto3.client("s3", endpoint_url=services.s3.endpoint, region_name="us-east-1", **keys)


def ask(services: Composed, user: str, password: str) -> dict:
    query = f"{services.mlflow}/api/2.0/mlflow/runs/search"
    body = json.dumps({"experiment_ids": ["1"], "max_results": 100}).encode()
    login = base64.b64encode(f"{user}:{password}".encode()).decode()
    headers = {"Content-Type": "application/json", "Authorization": f"Basic {login}"}
    with urllib.request.urlopen(urllib.request.Request(query, body, headers), timeout=60) as answer:
        return json.load(answer)


def test_mlflow_and_postgresql_refuse_who_has_no_password(services):
    for password in ("", "password", "password1234"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            ask(services, "admin", password)
        assert refused.value.code == 401
    address = services.postgres.url.partition("@")[2].partition("/")[0]
    studies, mlflow = PASSWORDS["studies_db_password"], PASSWORDS["mlflow_db_password"]
    wrong = ((f"studies:{mlflow}", "studies"), (f"studies:{studies}", "mlflow"), ("garment:", "postgres"))
    for login, database in wrong:
        engine = sqlalchemy.create_engine(f"postgresql+psycopg2://{login}@{address}/{database}")
        with pytest.raises(sqlalchemy.exc.OperationalError):
            engine.connect()


def test_a_sweep_over_all_services(services, swept):
    assert swept.returncode == 0, swept.stdout[-3000:] + swept.stderr[-3000:]
    assert "2 trials ended (2 complete" in swept.stdout
    runs = ask(services, "admin", PASSWORDS["mlflow_admin_password"])["runs"]
    assert [run["info"]["status"] for run in runs] == ["FINISHED"] * len(runs) and len(runs) >= 3
    address = services.postgres.url.partition("@")[2].replace("/postgres", "/studies")
    login = f"studies:{PASSWORDS['studies_db_password']}"
    with sqlalchemy.create_engine(f"postgresql+psycopg2://{login}@{address}").connect() as connection:
        states = connection.execute(sqlalchemy.text("SELECT state FROM trials")).scalars().all()
    assert states == ["COMPLETE", "COMPLETE"]
    kept = {bucket: names(services, bucket) for bucket in ("checkpoints", "artifacts")}
    assert any("/composed/t00000.s0/checkpoint_" in f"/{name}" for name in kept["checkpoints"])
    assert any(name.startswith("mlflow/") and name.endswith("index.html") for name in kept["artifacts"])


def test_no_password_is_in_a_log_a_run_an_artifact_or_what_was_said(services, swept):
    seen = {"said": swept.stdout + swept.stderr}
    seen |= {path.name: path.read_text(errors="replace") for path in services.logs.glob("*.log")}
    seen["runs"] = json.dumps(ask(services, "admin", PASSWORDS["mlflow_admin_password"]))
    for bucket in ("checkpoints", "artifacts"):
        for name in names(services, bucket):
            body = client(services).get_object(Bucket=bucket, Key=name)["Body"].read()
            seen[f"{bucket}/{name}"] = body.decode(errors="replace")
    assert len(seen) > 10
    assert not [(where, secret) for where, text in seen.items() for secret in PASSWORDS.values() if secret in text]


def names(services: Composed, bucket: str) -> list[str]:
    return [item["Key"] for item in client(services).list_objects_v2(Bucket=bucket).get("Contents", [])]
