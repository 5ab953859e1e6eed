"""`garment leaderboard`, `garment compare` and `garment ui`: what sweeps came to."""

import sys
from pathlib import Path

import click

from garment_sweeps.cli.group import example

SHOWN = 40
"""Trials that are shown unless all are asked for."""


@click.command(epilog=example("garment leaderboard quickstart", "garment leaderboard weights-1 --all"))
@click.argument("sweep")
@click.option("--all", "everything", is_flag=True, help=f"Every trial, not the first {SHOWN} and the front alone.")
def leaderboard(sweep: str, everything: bool) -> None:
    """The trials of SWEEP, ranked by its objective, with what differs between them and the baselines beside them."""
    show_leaderboard(sweep, 0 if everything else SHOWN)


def show_leaderboard(sweep: str, most: int = SHOWN) -> None:
    """Prints a sweep's leaderboard; UserError where MLflow does not know it."""
    from garment_sweeps.cli.output import show
    from garment_sweeps.comparison.leaderboard import leaderboard
    from garment_sweeps.comparison.table import leaderboard_table

    show(leaderboard_table(leaderboard(sweep), most))


@click.command(
    epilog=example(
        "garment compare quickstart",
        "garment compare quickstart/t00000 quickstart/t00003 --out compare.html",
    )
)
@click.argument("runs", nargs=-1, required=True)
@click.option("--out", default="compare.html", show_default=True, type=click.Path(path_type=Path))
def compare(runs: tuple[str, ...], out: Path) -> None:
    """One HTML page of RUNS (a sweep's name for its best trials, or MLflow run ids and SWEEP/TRIAL).

    Linked 3D views beside the truth, S2S by class with intervals, learning curves, what differs, and what mattered. It
    needs no network. Where all runs are of one sweep, it is logged to that sweep's run in MLflow as well.
    """
    from garment_sweeps.comparison.compare import compare

    compared = compare(list(runs), out)
    click.echo(f"wrote {compared.path}, of {', '.join(compared.runs)}; open it in a browser")
    if compared.place:
        click.echo(f"or see it in MLflow: {compared.place}")


@click.command(
    epilog=example("garment ui", "garment ui --port 5001", "MLFLOW_AUTH_ADMIN_PASSWORD=... garment ui --host 0.0.0.0")
)
@click.option("--port", default=5000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--host", default="127.0.0.1", show_default=True, help="Elsewhere than loopback it asks for a password.")
def ui(port: int, host: str) -> None:
    """Serve the MLflow UI over the local store, on loopback, until interrupted."""
    from garment_sweeps.tracking.ui import serve

    sys.exit(serve(port, host))
