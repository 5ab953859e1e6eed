"""A real MLflow server on loopback, over SQLite, for tests."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.ports import free_port
from tests.servers.server import Server, http_answers


class Mlflow(Server):
    """`mlflow server` with its store and artifacts in `folder`; it can be killed and started again on them."""

    def __init__(self, folder: Path) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        command = [
            *(sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"),
            *("--backend-store-uri", f"sqlite:///{folder / 'server.db'}"),
            *("--artifacts-destination", (folder / "server-artifacts").as_uri()),
        ]
        environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
        environment.pop("MLFLOW_TRACKING_URI", None)
        super().__init__(folder, {"server": command}, lambda: http_answers(f"{self.url}/health"), env=environment)

    def pause(self) -> None:
        """SIGSTOP of all its processes: connections are still taken by the kernel, and nothing is ever answered."""
        for process in self._processes.values():
            os.killpg(process.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """SIGCONT: it answers what was asked meanwhile."""
        for process in self._processes.values():
            os.killpg(process.pid, signal.SIGCONT)


@contextmanager
def mlflow_server(folder: Path) -> Iterator[str]:
    """A running server; gives its URL and ends it afterwards."""
    server = Mlflow(folder)
    try:
        server.start()
        yield server.url
    finally:
        server.stop()
