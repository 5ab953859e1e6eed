"""The MLflow UI over the local store: on loopback, or elsewhere with a password."""

import ipaddress
import os
import secrets
import signal
import subprocess
import sys
from pathlib import Path

from garment_sweeps.tracking.settings import garment_home, tracking_client, tracking_uri
from garment_uv.errors import UserError
from garment_uv.outputs import write_file

LOOPBACK = "127.0.0.1"
PASSWORD = "MLFLOW_AUTH_ADMIN_PASSWORD"
"""Environment variable, MLflow's own: of its user `admin`."""
SHORTEST = 12
OF_TRAININGS = "?workflowType=machine_learning"
"""At the end of an address: MLflow's UI shows its views of trainings and not those of language models, its default."""

_USERS = """[mlflow]
default_permission = READ
database_uri = {users}
admin_username = admin
authorization_function = mlflow.server.auth:authenticate_request_basic_auth
auth_cache_ttl_seconds = 60
"""


def server_command(port: int, host: str = LOOPBACK) -> list[str]:
    """Command line of an MLflow server over the local store; one that others can reach asks for a password."""
    store = tracking_uri()
    if store.startswith("http"):
        raise UserError(f"MLFLOW_TRACKING_URI is a server already: open {store} in a browser")
    return [
        *(sys.executable, "-m", "mlflow", "server", "--backend-store-uri", store),
        *("--artifacts-destination", (garment_home() / "artifacts").as_uri()),
        *("--host", host, "--port", str(port), "--workers", "1"),
        *([] if is_loopback(host) else ["--app-name", "basic-auth"]),
    ]


def server_environment(host: str = LOOPBACK) -> dict[str, str]:
    """Environment of that server; UserError where others could reach it and there is no password worth the name."""
    environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    if is_loopback(host):
        return environment
    if len(os.environ.get(PASSWORD, "")) < SHORTEST:
        raise UserError(
            f"on {host} others could reach MLflow, so it asks for a password: "
            f"set {PASSWORD} to {SHORTEST} characters or more, or leave --host out"
        )
    return {
        "MLFLOW_AUTH_CONFIG_PATH": str(users_file(garment_home())),
        "MLFLOW_FLASK_SERVER_SECRET_KEY": secrets.token_hex(32),
        **environment,
    }


def warning(host: str, port: int) -> str:
    """What is open on that host, in one line; empty for loopback."""
    if is_loopback(host):
        return ""
    return (
        f"warning: MLflow listens on {host}:{port}: whoever reaches this machine can try passwords there, and reads "
        "what travels, since it is not encrypted; put a TLS proxy in front, or leave --host out"
    )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server that listens there."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def serve(port: int = 5000, host: str = LOOPBACK) -> int:
    """Serves the UI until interrupted or told to end (SIGTERM), and returns the server's exit status."""
    command, environment = server_command(port, host), server_environment(host)
    tracking_client()
    if said := warning(host, port):
        print(said, file=sys.stderr, flush=True)
    print(f"MLflow UI on http://{host}:{port}/#/experiments{OF_TRAININGS} (end it with Ctrl-C)", flush=True)
    process = subprocess.Popen(command, env=environment)
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)  # else the server would live on alone
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.terminate()
        process.wait()
        return 0
    finally:
        signal.signal(signal.SIGTERM, before)


def users_file(home: Path) -> Path:
    """The file that tells MLflow where its users are; it holds no password."""
    path = home / "mlflow_auth.ini"
    write_file(path, _USERS.format(users=f"sqlite:///{home / 'mlflow_users.db'}"))
    return path
