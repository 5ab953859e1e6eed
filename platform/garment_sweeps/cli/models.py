"""`garment evaluate`, `promote`, `rollback` and `export`: what becomes of trained models."""

from pathlib import Path
from typing import Any

import click

from garment_sweeps.cli.group import DATASET, example
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
@DATASET
@click.option("--split", default="test", show_default=True)
@click.option("--segments", default="predicted", show_default=True, type=click.Choice(["given", "predicted"]))
@click.option(
    "--body", "names", multiple=True, default=("given",), show_default=True, type=click.Choice(BODIES),
    help="Whose body the model is told: the dataset's, that one as estimators err, or a body network's. Repeatable.",
)  # fmt: skip
@click.option("--body-model", type=click.Path(path_type=Path), help="Body network; the one in the model by default.")
@click.option("--smpl-dir", type=click.Path(path_type=Path), help="Your SMPL files, to pose bodies of SMPL.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0, 2**31 - 1), help="Of the perturbation.")
@click.option("--out", type=click.Path(path_type=Path), help="The table as CSV, too.")
def evaluate(models: tuple[str, ...], meshes: tuple[str, ...], uri: str, out: Path | None, **asked: Any) -> None:
    """S2S per garment class, in mm, of models and of folders of meshes: one table for all systems."""
    from garment_sweeps.comparison.layouts import parse_meshes
    from garment_sweeps.promotion.evaluate import Bodies, evaluate, evaluate_bodies, write_csv
    from garment_sweeps.storage.uri import local_folder
    from garment_uv.guard import keep_inputs
    from garment_uv.metrics.aggregate import side_by_side

    chosen = {name: asked.pop(name) for name in ("split", "segments")}
    bodies = Bodies(**asked)
    if out is not None:
        folders = [*map(Path, models), *(parse_meshes(name)[1] for name in meshes)]
        keep_inputs([out], [local_folder(uri), *folders, bodies.body_model, bodies.smpl_dir])
    if set(bodies.names) == {"given"}:
        by_system = evaluate(uri, models, meshes, **chosen)
        click.echo(next(iter(by_system.values())).text() if len(by_system) == 1 else side_by_side(by_system))
    else:
        if meshes or len(models) != 1:
            raise UserError("--body is for one --model: it says which body the model is told")
        tables = evaluate_bodies(uri, models[0], bodies, **chosen)
        by_system = {f"{body} body": both.root_relative for body, both in tables.items()}
        click.echo(side_by_side(by_system))
        placed = {
            f"{body} body, its placement counted": both.placed for body, both in tables.items() if body != "given"
        }
        click.echo("\n" + side_by_side(placed))
    if out is not None:
        write_csv(by_system, out)


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
def promote(sweep: str, dry_run: bool, why: str, supersede: bool, changes: tuple[str, ...]) -> None:
    """Evaluate the best model of SWEEP again and, if it passes all gates, make it the champion.

    The limits of the gates, with what they were set by, are in garment_sweeps/promotion/gates.py.
    """
    from garment_sweeps.cli.output import show
    from garment_sweeps.promotion import promote
    from garment_sweeps.promotion.gates import GatesConfig
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


@click.command(epilog=example("garment rollback"))
def rollback() -> None:
    """Make the champion before today's the champion again."""
    from garment_sweeps.promotion import rollback

    now, former = rollback()
    click.echo(f"champion is version {now} again; it was version {former}")


@click.command(
    epilog=example(
        "garment export champion --out .garment/inference",
        "garment reconstruct picture.png --body body.json --model .garment/inference --out garments.glb",
    )
)
@click.argument("model")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The folder to write.")
def export(model: str, out: Path) -> None:
    """MODEL, a folder or 'champion', for inference alone: one program (torch.export), its atlas, and a card.

    The card says what the program takes and gives. What was written is read back and compared before it is kept.
    """
    from garment_sweeps.promotion.evaluate import model_folder
    from garment_uv.guard import keep_inputs
    from garment_uv.inference.export import export_model

    folder = model_folder(model)
    keep_inputs([out], [folder])
    gap = export_model(folder, out)
    click.echo(f"wrote {out}; its displacements are within {gap:g} m of the model's")
