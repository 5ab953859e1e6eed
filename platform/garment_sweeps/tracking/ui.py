"""The MLflow UI over the local store: on loopback, or elsewhere with a password."""

import errno
import ipaddress
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from garment_sweeps.settings.environment import find_home, tracking_uri
from garment_sweeps.tracking.client import tracking_client
from garment_sweeps.tracking.home import artifacts_folder
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
_WARNING = (
    "warning: MLflow listens on {host}:{port}: whoever reaches this machine can try passwords there, and reads what "
    "travels, since it is not encrypted; put a TLS proxy in front, or leave --host out"
)


def server_command(port: int, host: str = LOOPBACK) -> list[str]:
    """Command line of an MLflow server over the local store; one that others can reach asks for a password."""
    store = tracking_uri()
    if store.startswith("http"):
        raise UserError(f"MLFLOW_TRACKING_URI is a server already: open {store} in a browser")
    return [
        *(sys.executable, "-m", "mlflow", "server", "--backend-store-uri", store),
        *("--artifacts-destination", artifacts_folder(store).as_uri()),
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
        "MLFLOW_AUTH_CONFIG_PATH": str(users_file(find_home())),
        "MLFLOW_FLASK_SERVER_SECRET_KEY": secrets.token_hex(32),
        **environment,
    }


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server that listens there."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _reached_here(host: str) -> str:
    """How this machine reaches a server of its own on that host, which may mean every interface."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if not address.is_unspecified:
        return host
    return "::1" if address.version == 6 else LOOPBACK


def serve(port: int = 5000, host: str = LOOPBACK) -> int:
    """Serves the UI until interrupted or told to end (SIGTERM), says where once it answers, and returns 0.

    UserError where nothing can listen there, and where the server ends by itself.
    """
    command, environment = server_command(port, host), server_environment(host)
    check_free(host, port)
    tracking_client()
    process = subprocess.Popen(command, env=environment)
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)  # else the server would live on alone
    try:
        while process.poll() is None and not answers(host, port):
            time.sleep(0.1)
        if process.poll() is None:
            if not is_loopback(host):
                print(_WARNING.format(host=host, port=port), file=sys.stderr, flush=True)
            print(f"MLflow UI on http://{host}:{port}/#/experiments{OF_TRAININGS} (end it with Ctrl-C)", flush=True)
        status = process.wait()
        raise UserError(f"the MLflow server on {host}:{port} ended by itself (status {status}); above is what it said")
    except KeyboardInterrupt:
        process.terminate()
        process.wait()
        return 0
    finally:
        signal.signal(signal.SIGTERM, before)


def check_free(host: str, port: int) -> None:
    """UserError where this user can have no server listen there."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does
            listener.bind(address)
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        why = "is taken, by another server perhaps" if taken else f"cannot be listened on ({error.strerror})"
        raise UserError(f"{host}:{port} {why}: give another {'--port' if taken else '--port or --host'}") from None


def answers(host: str, port: int) -> bool:
    """Whether something listens there; a host that means every interface is asked on loopback."""
    try:
        socket.create_connection((_reached_here(host), port), timeout=5).close()
        return True
    except OSError:
        return False


def users_file(home: Path) -> Path:
    """The file that tells MLflow where its users are; it holds no password."""
    path = home / "mlflow_auth.ini"
    write_file(path, _USERS.format(users=f"sqlite:///{home / 'mlflow_users.db'}"))
    return path
