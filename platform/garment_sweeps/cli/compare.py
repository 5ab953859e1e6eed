"""`garment compare`."""

from pathlib import Path

import click

from garment_sweeps.cli.group import example


@click.command(epilog=example("garment compare quickstart/t00000 quickstart/t00003 --out compare.html"))
@click.argument("runs", nargs=-1, required=True)
@click.option("--out", default="compare.html", show_default=True, type=click.Path(path_type=Path, dir_okay=False))
def command(runs: tuple[str, ...], out: Path) -> None:
    """One self-contained HTML page of RUNS (MLflow run ids or SWEEP/TRIAL): linked 3D views, errors, differences."""
    from garment_sweeps.comparison.compare import compare

    path = compare(list(runs), out)
    click.echo(f"wrote {path}; open it in a browser")
