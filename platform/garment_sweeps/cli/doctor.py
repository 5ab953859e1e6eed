"""`garment doctor`."""

import click

from garment_sweeps.cli.group import example
from garment_uv.errors import UserError


@click.command(epilog=example("garment doctor", "garment doctor --warm"))
@click.option("--warm", is_flag=True, help="Build what is built once: the open body's cache, the S2S kernels.")
def command(warm: bool) -> None:
    """Say what this machine has, what it lacks, and how to mend it; exit 1 where something needed is missing."""
    from garment_sweeps.cli.checks import all_checks, warm_up
    from garment_sweeps.cli.output import show

    if warm:
        for line in warm_up():
            click.echo(line)
    checks = all_checks()
    from rich.table import Table
    from rich.text import Text

    table = Table(show_header=False, box=None, pad_edge=False)
    for check in checks:
        mark = ("ok", "green") if check.ok else ("no", "red") if check.needed else ("--", "yellow")
        table.add_row(Text(*mark), check.name, check.found, check.mend)
    show(table)
    missing = [check.name for check in checks if check.needed and not check.ok]
    if missing:
        raise UserError(f"missing: {', '.join(missing)}; see the lines marked 'no'")
