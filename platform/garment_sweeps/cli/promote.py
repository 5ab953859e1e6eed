"""`garment promote`."""

import click

from garment_sweeps.cli.group import example
from garment_uv.errors import UserError


@click.command(epilog=example("garment promote quickstart --dry-run", "garment promote quickstart"))
@click.argument("sweep")
@click.option("--dry-run", is_flag=True, help="Show the gates and change nothing.")
def command(sweep: str, dry_run: bool) -> None:
    """Evaluate the best model of SWEEP again and, if it passes all gates, make it the champion."""
    from garment_sweeps.cli.output import show
    from garment_sweeps.promotion import promote

    result = promote(sweep, dry_run=dry_run)
    show(result.table())
    if not result.passed:
        failed = ", ".join(gate.name for gate in result.gates if not gate.passed)
        raise UserError(f"not promoted: the gates {failed} are not passed; train further or look at the trial's run")
    if dry_run:
        click.echo(f"{result.trial} would become the champion")
    else:
        click.echo(result.summary())
