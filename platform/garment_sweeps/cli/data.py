"""`garment data`: make, prepare and check datasets."""

import click

from garment_sweeps.cli.group import LazyGroup, example

COMMANDS = {
    "synthesize": ("garment_sweeps.cli.data_synthesize", "Write raw CLOTH3D-layout sequences on the open body."),
    "prepare": ("garment_sweeps.cli.data_prepare", "Register, map and shard raw sequences."),
    "benchmark": ("garment_sweeps.cli.data_benchmark", "Make the open benchmark set from fixed seeds."),
    "report": ("garment_sweeps.cli.data_report", "Show a dataset's worst registrations."),
    "verify": ("garment_sweeps.cli.data_verify", "Check every byte of a dataset against its manifest."),
    "frame": ("garment_sweeps.cli.data_frame", "Take one frame of a sequence as image and body file."),
}


@click.group(
    cls=LazyGroup,
    commands_by_name=COMMANDS,
    epilog=example(
        "garment data synthesize --out .garment/raw --sequences 24 --frames 6 --seed 7",
        "garment data prepare --raw .garment/raw --out .garment/dataset",
    ),
)
def command() -> None:
    """Make, prepare and check datasets."""
