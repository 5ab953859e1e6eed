"""`garment leaderboard`."""

import click

from garment_sweeps.cli.group import example


@click.command(epilog=example("garment leaderboard quickstart"))
@click.argument("sweep")
def command(sweep: str) -> None:
    """The trials of SWEEP, ranked by S2S, with what differs between them and the baselines beside them."""
    from garment_sweeps.cli.output import show
    from garment_sweeps.comparison import leaderboard

    show(leaderboard(sweep).table())
