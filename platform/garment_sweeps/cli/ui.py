"""`garment ui`."""

import sys

import click

from garment_sweeps.cli.group import example


@click.command(
    epilog=example("garment ui", "garment ui --port 5001", "MLFLOW_AUTH_ADMIN_PASSWORD=... garment ui --host 0.0.0.0")
)
@click.option("--port", default=5000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--host", default="127.0.0.1", show_default=True, help="Elsewhere than loopback it asks for a password.")
def command(port: int, host: str) -> None:
    """Serve the MLflow UI over the local store, on loopback, until interrupted."""
    from garment_sweeps.tracking.ui import serve

    sys.exit(serve(port, host))
