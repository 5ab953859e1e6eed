"""`garment reconstruct`."""

from pathlib import Path

import click

from garment_sweeps.cli.group import example
from garment_uv.errors import UserError


@click.command(
    epilog=example(
        "garment data frame .garment/raw/test/00023 --out .garment/picture",
        "garment reconstruct .garment/picture/image.png --body .garment/picture/body.json --out garments.glb",
        "garment reconstruct photograph.jpg --box 120,40,380,620 --body-model .garment/body --out garments.glb",
    )
)
@click.argument("image", type=click.Path(path_type=Path))
@click.option("--body", type=click.Path(path_type=Path), help="Body file, .json or .npz; else seen in the picture.")
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="A .glb or .obj file.")
@click.option("--model", default="champion", show_default=True, help="A model folder, or 'champion'.")
@click.option("--body-model", type=click.Path(path_type=Path), help="Body network; the one in the model by default.")
@click.option("--box", metavar="LEFT,TOP,RIGHT,BOTTOM", help="Where the person is, px; without --body.")
@click.option("--mask", type=click.Path(path_type=Path), help="A picture, bright on the person; without --body.")
@click.option("--smpl-dir", type=click.Path(path_type=Path), help="Your SMPL files, where the body needs them.")
def command(
    image: Path,
    body: Path | None,
    out: Path,
    model: str,
    body_model: Path | None,
    box: str | None,
    mask: Path | None,
    smpl_dir: Path | None,
) -> None:
    """Garment meshes from one RGB IMAGE and its body; beside OUT also a picture (.png) and a page to turn (.html).

    Without --body the body is taken from the picture too, by the body network in the model's folder or by --body-model.
    The person is found by --box, --mask, transparency or a plain background.
    """
    from garment_sweeps.comparison.evaluate import model_folder
    from garment_uv.reconstruction.image import reconstruct_files
    from garment_uv.reconstruction.picture_alone import Person

    if body is not None and (body_model or box or mask):
        raise UserError("--body says it all: leave --body-model, --box and --mask out, or leave --body out")
    person = Person(body_model, _box(box) if box else None, mask)
    written = reconstruct_files(model_folder(model), image, body, out, smpl_dir, person)
    click.echo("wrote " + ", ".join(str(path) for path in written))


def _box(text: str) -> tuple[float, float, float, float]:
    try:
        left, top, right, bottom = (float(part) for part in text.split(","))
    except ValueError:
        raise UserError(f"--box takes LEFT,TOP,RIGHT,BOTTOM in px, was given {text!r}") from None
    return left, top, right, bottom
