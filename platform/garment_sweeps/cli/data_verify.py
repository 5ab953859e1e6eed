"""`garment data verify`."""

import click

from garment_sweeps.cli.group import example
from garment_uv.errors import UserError


@click.command(epilog=example("garment data verify .garment/dataset", "garment data verify s3://bucket/prefix"))
@click.argument("uri")
def command(uri: str) -> None:
    """Read every file of the dataset at URI and compare it with the manifest."""
    from garment_sweeps.cli.output import progress_bar
    from garment_sweeps.storage import verify

    with progress_bar("verify", "bytes") as report:
        checked = verify(uri, report)
    for problem in checked.problems:
        click.echo(problem, err=True)
    if not checked.ok:
        raise UserError(
            f"{uri} is not what its manifest says: {len(checked.problems)} problems; "
            "prepare it again or fetch the files again"
        )
    click.echo(f"{uri}: version {checked.version}, {checked.files} files, {checked.bytes:,} bytes, all as listed")
