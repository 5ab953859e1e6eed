"""`garment rollback`."""

import click

from garment_sweeps.cli.group import example


@click.command(epilog=example("garment rollback"))
def command() -> None:
    """Make the champion before today's the champion again."""
    from garment_sweeps.promotion import rollback

    now, former = rollback()
    click.echo(f"champion is version {now} again; it was version {former}")
