"""`garment evaluate`."""

from pathlib import Path

import click

from garment_sweeps.cli.group import example


@click.command(
    epilog=example(
        "garment evaluate --model champion --data .garment/dataset",
        "garment evaluate --meshes smplicit_out --data .garment/dataset --split test",
    )
)
@click.option("--model", help="A model folder, or 'champion'.")
@click.option("--meshes", type=click.Path(path_type=Path, file_okay=False), help="<key>/<Class>.obj, of any system.")
@click.option("--data", "uri", required=True, help="Dataset: a folder or s3://bucket/prefix.")
@click.option("--split", default="test", show_default=True)
@click.option("--segments", default="predicted", show_default=True, type=click.Choice(["given", "predicted"]))
def command(model: str | None, meshes: Path | None, uri: str, split: str, segments: str) -> None:
    """S2S per garment class, in mm, of a model or of a folder of meshes."""
    from garment_sweeps.comparison.evaluate import evaluate

    click.echo(evaluate(uri, model=model, meshes=meshes, split=split, segments=segments).text())
