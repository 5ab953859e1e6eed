"""`garment export`."""

from pathlib import Path

import click

from garment_sweeps.cli.group import example


@click.command(
    epilog=example(
        "garment export champion --out .garment/inference",
        "garment reconstruct picture.png --body body.json --model .garment/inference --out garments.glb",
    )
)
@click.argument("model")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The folder to write.")
def command(model: str, out: Path) -> None:
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
