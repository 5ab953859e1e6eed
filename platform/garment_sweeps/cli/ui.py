"""`garment ui`."""

import sys

import click

from garment_sweeps.cli.group import example


@click.command(epilog=example("garment ui", "garment ui --port 5001"))
@click.option("--port", default=5000, show_default=True, type=click.IntRange(1, 65535))
def command(port: int) -> None:
    """Serve the MLflow UI over the local store, on loopback, until interrupted."""
    from garment_sweeps.tracking.ui import serve

    sys.exit(serve(port))
