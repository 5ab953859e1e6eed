"""The MLflow UI on loopback, over the local store."""

import os
import subprocess
import sys

from garment_sweeps.tracking.settings import garment_home, tracking_client, tracking_uri
from garment_uv.errors import UserError


def server_command(port: int, host: str = "127.0.0.1") -> list[str]:
    """Command line of an MLflow server over the local store."""
    store = tracking_uri()
    if store.startswith("http"):
        raise UserError(f"MLFLOW_TRACKING_URI is a server already: open {store} in a browser")
    return [
        *(sys.executable, "-m", "mlflow", "server", "--backend-store-uri", store),
        *("--artifacts-destination", (garment_home() / "artifacts").as_uri()),
        *("--host", host, "--port", str(port), "--workers", "1"),
    ]


def serve(port: int = 5000) -> int:
    """Serves the UI until interrupted and returns the server's exit status."""
    tracking_client()
    environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    print(f"MLflow UI on http://127.0.0.1:{port} (end it with Ctrl-C)", flush=True)
    process = subprocess.Popen(server_command(port), env=environment)
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.terminate()
        process.wait()
        return 0
