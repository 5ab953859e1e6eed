"""`garment leaderboard`."""

import click

from garment_sweeps.cli.group import example

SHOWN = 40
"""Trials that are shown unless all are asked for."""


@click.command(epilog=example("garment leaderboard quickstart", "garment leaderboard weights-1 --all"))
@click.argument("sweep")
@click.option("--all", "everything", is_flag=True, help=f"Every trial, not the first {SHOWN} and the front alone.")
def command(sweep: str, everything: bool) -> None:
    """The trials of SWEEP, ranked by its objective, with what differs between them and the baselines beside them."""
    from garment_sweeps.cli.output import show
    from garment_sweeps.comparison.leaderboard import leaderboard
    from garment_sweeps.comparison.table import leaderboard_table

    show(leaderboard_table(leaderboard(sweep), 0 if everything else SHOWN))
