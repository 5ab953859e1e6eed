"""`garment evaluate`."""

from pathlib import Path

import click

from garment_sweeps.cli.group import example
from garment_uv.errors import UserError

BODIES = ("given", "perturbed", "predicted")


@click.command(
    epilog=example(
        "garment evaluate --model champion --data .garment/dataset",
        "garment evaluate --model champion --data .garment/dataset --body given --body perturbed",
        "garment evaluate --meshes smplicit_out --data .garment/dataset --split test",
    )
)
@click.option("--model", help="A model folder, or 'champion'.")
@click.option("--meshes", type=click.Path(path_type=Path, file_okay=False), help="<key>/<Class>.obj, of any system.")
@click.option("--data", "uri", required=True, help="Dataset: a folder or s3://bucket/prefix.")
@click.option("--split", default="test", show_default=True)
@click.option("--segments", default="predicted", show_default=True, type=click.Choice(["given", "predicted"]))
@click.option(
    "--body", "bodies", multiple=True, default=("given",), show_default=True, type=click.Choice(BODIES),
    help="Whose body the model is told: the dataset's, that one as estimators err, or a body network's. Repeatable.",
)  # fmt: skip
@click.option("--body-model", type=click.Path(path_type=Path), help="Body network; the one in the model by default.")
@click.option("--smpl-dir", type=click.Path(path_type=Path), help="Your SMPL files, to pose bodies of SMPL.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0, 2**31 - 1), help="Of the perturbation.")
def command(
    model: str | None,
    meshes: Path | None,
    uri: str,
    split: str,
    segments: str,
    bodies: tuple[str, ...],
    body_model: Path | None,
    smpl_dir: Path | None,
    seed: int,
) -> None:
    """S2S per garment class, in mm, of a model or of a folder of meshes."""
    from garment_sweeps.comparison.evaluate import evaluate, evaluate_bodies

    if set(bodies) == {"given"}:
        click.echo(evaluate(uri, model=model, meshes=meshes, split=split, segments=segments).text())
        return
    if meshes is not None or model is None:
        raise UserError("--body is for a --model: it says which body the model is told")
    from garment_uv.metrics.side_by_side import side_by_side

    tables = evaluate_bodies(uri, model, bodies, split, segments, body_model, smpl_dir, seed)
    click.echo(side_by_side({f"{body} body": both.root_relative for body, both in tables.items()}))
    placed = {f"{body} body, its placement counted": both.placed for body, both in tables.items() if body != "given"}
    click.echo("\n" + side_by_side(placed))
