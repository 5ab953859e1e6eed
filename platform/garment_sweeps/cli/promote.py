"""`garment promote`."""

import click

from garment_sweeps.cli.group import example
from garment_uv.errors import UserError


@click.command(
    epilog=example(
        "garment promote quickstart --dry-run",
        'garment promote quickstart --why "first model on the new garments"',
        "garment promote quickstart --set class_margin_mm=0.5",
    )
)
@click.argument("sweep")
@click.option("--dry-run", is_flag=True, help="Show the gates and change nothing.")
@click.option("--why", default="", help="Kept with the model version; by default which sweep it is the best of.")
@click.option("--supersede", is_flag=True, help="Replace a champion that cannot be run on this dataset.")
@click.option("--set", "changes", multiple=True, metavar="NAME=VALUE", help="Another limit of the gates. Repeatable.")
def command(sweep: str, dry_run: bool, why: str, supersede: bool, changes: tuple[str, ...]) -> None:
    """Evaluate the best model of SWEEP again and, if it passes all gates, make it the champion.

    The limits of the gates, with what they were set by, are in garment_sweeps/promotion/gates_config.py.
    """
    from garment_sweeps.cli.output import show
    from garment_sweeps.promotion import promote
    from garment_sweeps.promotion.gates_config import GatesConfig
    from garment_uv.config import parse_assignments

    config = GatesConfig().with_values(parse_assignments(changes))
    result = promote(sweep, dry_run=dry_run, why=why, supersede=supersede, config=config)
    show(result.table())
    if not result.passed:
        failed = ", ".join(gate.name for gate in result.gates if not gate.passed)
        raise UserError(f"not promoted: the gates {failed} are not passed; train further or look at the trial's run")
    if dry_run:
        click.echo(f"{result.trial} would become the champion")
    else:
        click.echo(result.summary())
