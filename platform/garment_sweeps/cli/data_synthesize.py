"""`garment data synthesize`."""

from pathlib import Path
from typing import Any

import click

from garment_sweeps.cli.group import example


@click.command(epilog=example("garment data synthesize --out .garment/raw --sequences 24 --frames 6 --seed 7"))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder to write into.")
@click.option("--sequences", default=24, show_default=True, type=click.IntRange(1), help="Sequences over all splits.")
@click.option("--frames", default=6, show_default=True, type=click.IntRange(1), help="Frames per sequence.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0, 2**31 - 1), help="Decides everything.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 256), help="Processes.")
@click.option(
    "--images",
    default="video",
    show_default=True,
    type=click.Choice(["video", "frames"]),
    help="Two videos as the dataset ships them, or RGBA pictures.",
)
@click.option(
    "--cloth",
    default="procedural",
    show_default=True,
    type=click.Choice(["procedural", "simulated"]),
    help="Shapes asked of each pose, or cloth that a solver hangs on the body.",
)
def command(out: Path, sequences: int, frames: int, seed: int, workers: int, images: str, cloth: str) -> None:
    """Write raw sequences in CLOTH3D's layout, with the open body and garments of our own."""
    from garment_sweeps.cli.output import progress_bar
    from garment_uv.datasets.open.synthesize import LEFT_OUT_FILE, synthesize

    with progress_bar("synthesize", "sequences") as report:
        kinds: Any = {"image_format": images, "cloth": cloth}
        made = synthesize(out, sequences, frames, seed, workers=workers, progress=report, **kinds)
    click.echo(f"{len(made)} sequences of {frames} frames in {out}")
    if len(made) < sequences:
        click.echo(f"{sequences - len(made)} left out, see {out / LEFT_OUT_FILE}")
