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
        "garment evaluate --model champion --meshes other_system --data .garment/dataset --out table.csv",
        "garment evaluate --meshes smplicit:smplicit_out --data .garment/dataset --split test",
    )
)
@click.option("--model", "models", multiple=True, help="A model folder, or 'champion'. Repeatable.")
@click.option(
    "--meshes", multiple=True, metavar="[LAYOUT:]FOLDER",
    help="<sample key>/<Class>.obj, of any system; LAYOUT, 'smplicit' for one, is how it names and turns them. Repeat.",
)  # fmt: skip
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
@click.option("--out", type=click.Path(path_type=Path), help="The table as CSV, too.")
def command(
    models: tuple[str, ...],
    meshes: tuple[str, ...],
    uri: str,
    split: str,
    segments: str,
    bodies: tuple[str, ...],
    body_model: Path | None,
    smpl_dir: Path | None,
    seed: int,
    out: Path | None,
) -> None:
    """S2S per garment class, in mm, of models and of folders of meshes: one table for all systems."""
    from garment_sweeps.comparison.layouts import parse_meshes
    from garment_sweeps.promotion.evaluate import Bodies, evaluate, evaluate_bodies, write_csv
    from garment_sweeps.storage.uri import local_folder
    from garment_uv.guard import keep_inputs
    from garment_uv.metrics.aggregate import side_by_side

    if out is not None:
        folders = [*map(Path, models), *(parse_meshes(name)[1] for name in meshes)]
        keep_inputs([out], [local_folder(uri), *folders, body_model, smpl_dir])
    if set(bodies) == {"given"}:
        by_system = evaluate(uri, models, meshes, split=split, segments=segments)
        click.echo(next(iter(by_system.values())).text() if len(by_system) == 1 else side_by_side(by_system))
        if out is not None:
            write_csv(by_system, out)
        return
    if meshes or len(models) != 1:
        raise UserError("--body is for one --model: it says which body the model is told")
    asked = Bodies(bodies, body_model, smpl_dir, seed)
    tables = evaluate_bodies(uri, models[0], asked, split, segments)
    click.echo(side_by_side({f"{body} body": both.root_relative for body, both in tables.items()}))
    placed = {f"{body} body, its placement counted": both.placed for body, both in tables.items() if body != "given"}
    click.echo("\n" + side_by_side(placed))
    if out is not None:
        write_csv({f"{body} body": both.root_relative for body, both in tables.items()}, out)
