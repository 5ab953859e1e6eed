"""A real MLflow server on loopback, over SQLite, for tests."""

import os
import shutil
import signal
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from garment_sweeps.tracking.ui import users_file
from tests.servers.ports import free_port
from tests.servers.server import Server, http_answers
from tests.servers.stores import empty_store


class Mlflow(Server):
    """`mlflow server` with its store and artifacts in `folder`; it can be killed and started again on them.

    With a `password` it asks everybody for a name and a password; its user `admin` has this one.
    """

    def __init__(self, folder: Path, password: str | None = None) -> None:
        store, artifacts = folder / "server.db", (folder / "server-artifacts").as_uri()
        shutil.copyfile(empty_store(), store)
        self._store = store
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        where = ("--host", "127.0.0.1", "--port", str(port), "--workers", "1")
        environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
        environment.pop("MLFLOW_TRACKING_URI", None)
        if password is None:  # what `mlflow server` runs in the end, without its checks, which take as long to start
            command = [sys.executable, "-m", "uvicorn", "mlflow.server.fastapi_app:app", *where]
            environment |= {
                "_MLFLOW_SERVER_FILE_STORE": f"sqlite:///{store}",
                "_MLFLOW_SERVER_ARTIFACT_ROOT": "mlflow-artifacts:/",
                "_MLFLOW_SERVER_SERVE_ARTIFACTS": "true",
                "_MLFLOW_SERVER_ARTIFACT_DESTINATION": artifacts,
            }
        else:
            command = [sys.executable, "-m", "mlflow", "server", *where, "--backend-store-uri", f"sqlite:///{store}"]
            command += ["--artifacts-destination", artifacts, "--app-name", "basic-auth"]
            users = users_file(folder)  # the one that `garment ui` writes
            environment |= {"MLFLOW_AUTH_CONFIG_PATH": str(users), "MLFLOW_AUTH_ADMIN_PASSWORD": password}
            environment["MLFLOW_FLASK_SERVER_SECRET_KEY"] = "of this test alone"
        super().__init__(folder, {"server": command}, lambda: http_answers(f"{self.url}/health"), env=environment)

    def forget(self) -> None:
        """All experiments and runs are gone, as with a new server; it may run meanwhile."""
        with closing(sqlite3.connect(empty_store())) as empty, closing(sqlite3.connect(self._store)) as store:
            empty.backup(store)

    def revive(self) -> None:
        """Whatever was done to it: it goes on, or is started again."""
        self.go_on()
        if not self.lives:
            self.start()

    def pause(self) -> None:
        """SIGSTOP of all its processes: connections are still taken by the kernel, and nothing is ever answered."""
        for process in self._processes.values():
            os.killpg(process.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """SIGCONT: it answers what was asked meanwhile."""
        if self.lives:
            for process in self._processes.values():
                os.killpg(process.pid, signal.SIGCONT)


@contextmanager
def mlflow_server(folder: Path, password: str | None = None) -> Iterator[str]:
    """A running server; gives its URL and ends it afterwards."""
    server = Mlflow(folder, password)
    try:
        server.start()
        yield server.url
    finally:
        server.stop()
