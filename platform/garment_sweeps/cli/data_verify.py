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
        found = verify(uri, report)
    for problem in found.problems:
        click.echo(problem, err=True)
    if not found.ok:
        raise UserError(
            f"{uri} is not what its manifest says: {len(found.problems)} problems; "
            "prepare it again or fetch the files again"
        )
    click.echo(f"{uri}: version {found.version}, {found.files} files, {found.bytes:,} bytes, all as listed")
