"""The services of compose.yaml without containers: its commands, settings and scripts, on servers that tests start."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.infra.files import INFRA, compose
from tests.servers.ports import free_port
from tests.servers.postgres import USER, Postgres, postgres_programs, postgres_server
from tests.servers.s3 import S3Server, s3_server
from tests.servers.server import Server, http_answers

PASSWORDS = {
    "mlflow_db_password": "mlflow-db-0f3b77",
    "studies_db_password": "studies-db-5ae1c2",
    "mlflow_admin_password": "mlflow-admin-c41d09",
    "mlflow_secret_key": "mlflow-flask-8810fe",
    "ray_token": "ray-token-77c1e0",
}
"""By the name of the secret in compose.yaml; the S3 store's keys are those of the server that is there."""


@dataclass(frozen=True)
class Composed:
    """The running services, as one who may use them finds them."""

    postgres: Postgres
    s3: S3Server
    mlflow: str
    """Its URL."""
    logs: Path
    """Folder of the servers' logs."""
    secrets: dict[str, str]
    """By name in compose.yaml."""

    def settings(self, service: str) -> dict[str, str]:
        """Environment of a service: compose.yaml's, with these servers' addresses, and its secrets as variables."""
        described = compose()["services"][service]
        plain = {name: self._here(value) for name, value in described["environment"].items()}
        secret = {one["target"]: self.secrets[one["source"]] for one in described["secrets"]}
        return {name: value for name, value in (plain | secret).items() if not name.startswith("RAY_")}

    def _here(self, text: str) -> str:
        return _moved(text, self.postgres, self.s3, self.mlflow)


@contextmanager
def composed(folder: Path) -> Iterator[Composed]:
    """PostgreSQL with the databases of databases.sh and passwords, a store with its buckets, and MLflow over both."""
    with postgres_server() as postgres, s3_server() as s3:
        _make_databases(postgres)
        _require_passwords(postgres)
        secrets = PASSWORDS | {"s3_access_key": s3.access_key, "s3_secret_key": s3.secret_key}
        port = free_port()
        there = Composed(postgres, s3, f"http://127.0.0.1:{port}", folder, secrets)
        buckets = compose()["services"]["buckets"]["command"][2:]
        script = [sys.executable, INFRA / "compose" / "make_buckets.py", *buckets]
        for _ in range(2):  # a second start finds them
            subprocess.run(script, env=base_environment() | there.settings("buckets"), check=True, timeout=120)
        server = _mlflow(there, folder, port)
        try:
            server.start()
            yield there
        finally:
            server.stop()


def _mlflow(there: Composed, folder: Path, port: int) -> Server:
    users = folder / "mlflow_auth.ini"
    users.write_text(there._here((INFRA / "compose" / "mlflow_auth.ini").read_text()))
    described = compose()["services"]["mlflow"]["command"]
    command = [sys.executable, "-m", *described]
    command = [re.sub("^--host=.*", "--host=127.0.0.1", word) for word in command]
    command = [re.sub("^--port=.*", f"--port={port}", word) for word in command]
    quiet = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    environment = base_environment() | there.settings("mlflow") | quiet | {"MLFLOW_AUTH_CONFIG_PATH": str(users)}
    options = {"env": environment, "cwd": folder}
    return Server(folder, {"mlflow": command}, lambda: http_answers(f"{there.mlflow}/health"), **options)


def _make_databases(postgres: Postgres) -> None:
    port = postgres.url.rpartition(":")[2].partition("/")[0]
    environment = {
        "PATH": f"{postgres_programs()}:{os.environ['PATH']}",
        **{"PGHOST": "127.0.0.1", "PGPORT": port, "PGUSER": USER},
        "MLFLOW_DB_PASSWORD": PASSWORDS["mlflow_db_password"],
        "STUDIES_DB_PASSWORD": PASSWORDS["studies_db_password"],
    }
    script = INFRA / "compose" / "databases.sh"
    done = subprocess.run(["sh", script], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def _require_passwords(postgres: Postgres) -> None:
    """What POSTGRES_INITDB_ARGS of compose.yaml does: who comes by TCP needs a password."""
    import sqlalchemy

    engine = sqlalchemy.create_engine(postgres.url)
    with engine.connect() as connection:
        (rules,) = connection.execute(sqlalchemy.text("SHOW hba_file")).one()
        Path(rules).write_text("local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
        connection.execute(sqlalchemy.text("SELECT pg_reload_conf()"))
    engine.dispose()


def _moved(text: str, postgres: Postgres, s3: S3Server, mlflow: str) -> str:
    address = postgres.url.partition("@")[2].partition("/")[0]
    text = text.replace("postgres:5432", address).replace("http://s3:8333", s3.endpoint)
    return text.replace("http://mlflow:5000", mlflow)


def base_environment() -> dict[str, str]:
    """This process's environment without what would lead elsewhere."""
    elsewhere = ("MLFLOW_", "AWS_", "GARMENT_", "PG", "RAY_")
    return {name: value for name, value in os.environ.items() if not name.startswith(elsewhere)}
