"""`garment data benchmark`."""

from pathlib import Path

import click

from garment_sweeps.cli.group import example
from garment_uv.errors import UserError


@click.command(epilog=example("garment data benchmark --out .garment/open192 --workers 2"))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder to write into.")
@click.option(
    "--size", "sizes", multiple=True, type=click.Choice(["128", "256"]), help="Texels a side; both where not given."
)
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 256), help="Processes.")
@click.option("--strict", is_flag=True, help="An error where the digest is not the recorded one.")
def command(out: Path, sizes: tuple[str, ...], workers: int, strict: bool) -> None:
    """Make the open benchmark set from fixed seeds: OUT/raw, OUT/128 and OUT/256; repeat it to go on with it."""
    from contextlib import ExitStack

    from garment_sweeps.cli.output import Report, progress_bar
    from garment_uv.samples.open_benchmark import RECORDED, make_benchmark

    with ExitStack() as bar:

        def begin(what: str) -> Report:
            bar.close()
            return bar.enter_context(progress_bar(what, "sequences"))

        made = make_benchmark(out, sizes, workers, begin)
    for item in made:
        size = item.folder.name
        which = (
            "the recorded one" if item.recorded else f"not the recorded {RECORDED[size][:8]}, compare within it only"
        )
        click.echo(f"{item.folder}: {item.name}, version {item.digest}, {which}")
    if strict and not all(item.recorded for item in made):
        raise UserError("the set differs from the recorded one, as it may on another processor or with other versions")
