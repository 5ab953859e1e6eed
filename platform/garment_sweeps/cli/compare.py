"""`garment compare`."""

from pathlib import Path

import click

from garment_sweeps.cli.group import example


@click.command(
    epilog=example(
        "garment compare quickstart",
        "garment compare quickstart/t00000 quickstart/t00003 --out compare.html",
    )
)
@click.argument("runs", nargs=-1, required=True)
@click.option("--out", default="compare.html", show_default=True, type=click.Path(path_type=Path))
def command(runs: tuple[str, ...], out: Path) -> None:
    """One HTML page of RUNS (a sweep's name for its best trials, or MLflow run ids and SWEEP/TRIAL).

    Linked 3D views beside the truth, S2S by class with intervals, learning curves, what differs, and what mattered. It
    needs no network. Where all runs are of one sweep, it is logged to that sweep's run in MLflow as well.
    """
    from garment_sweeps.comparison.compare import compare

    compared = compare(list(runs), out)
    click.echo(f"wrote {compared.path}, of {', '.join(compared.runs)}; open it in a browser")
    if compared.place:
        click.echo(f"or see it in MLflow: {compared.place}")
