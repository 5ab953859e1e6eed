"""`garment reconstruct`."""

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from garment_sweeps.cli.group import example
from garment_uv.errors import UserError

if TYPE_CHECKING:
    from garment_uv.viewing.reconstruct_many import PictureOutcome


@click.command(
    epilog=example(
        "garment data frame .garment/raw/test/00023 --out .garment/picture",
        "garment reconstruct .garment/picture/image.png --body .garment/picture/body.json --out garments.glb",
        "garment reconstruct photograph.jpg --box 120,40,380,620 --body-model .garment/body --out garments.glb",
        "garment reconstruct photographs/ --body bodies/ --out garments/",
        "garment reconstruct walk.mp4 --body smpl_of_each_frame.npz --gender female --every 10 --out garments/",
    )
)
@click.argument("image", type=click.Path(path_type=Path))
@click.option(
    "--body", type=click.Path(path_type=Path),
    help="Body, ours or an SMPL estimator's, .npz or .json; for a folder the folder of them, for a video one file with "
    "a body for each frame. Without it the body is seen in the picture.",
)  # fmt: skip
@click.option("--out", required=True, type=click.Path(path_type=Path), help="A .glb or .obj; for many, their folder.")
@click.option("--model", default="champion", show_default=True, help="A model folder, or 'champion'.")
@click.option("--body-model", type=click.Path(path_type=Path), help="Body network; the one in the model by default.")
@click.option("--box", metavar="LEFT,TOP,RIGHT,BOTTOM", help="Where the person is, px; without --body.")
@click.option("--mask", type=click.Path(path_type=Path), help="A picture, bright on the person; without --body.")
@click.option("--smpl-dir", type=click.Path(path_type=Path), help="Your SMPL files, where the body needs them.")
@click.option("--gender", type=click.Choice(["female", "male"]), help="Of an estimator's body, which may not say it.")
@click.option("--focal", type=click.FloatRange(1), help="Of an estimator's camera, px, where its file does not say it.")
@click.option("--camera-frame", default="y-down", show_default=True, type=click.Choice(["y-down", "y-up"]))
@click.option("--every", default=1, show_default=True, type=click.IntRange(1), help="Every so many frames of a video.")
@click.option("--as", "suffix", default="glb", show_default=True, type=click.Choice(["glb", "obj"]), help="For many.")
def command(image: Path, body: Path | None, out: Path, model: str, body_model: Path | None, **asked: Any) -> None:
    """Garment meshes from one RGB IMAGE and its body; beside OUT also a picture (.png) and a page to turn (.html).

    IMAGE may be a folder of pictures or a video: OUT is then a folder with meshes and a picture of each, and one page
    for all. In a folder, bodies are the files of the pictures' names, there or in --body.

    Without --body the body is taken from the picture too, by the body network in the model's folder or by --body-model.
    The person is found by --box, --mask, transparency or a plain background. A folder of pictures without any body file
    is taken so.
    """
    from garment_sweeps.cli.output import progress_bar
    from garment_sweeps.promotion.evaluate import model_folder
    from garment_uv.estimation.estimator_files import EstimatorOptions, read_body
    from garment_uv.estimation.picture_alone import Person
    from garment_uv.inference.reconstructor import Reconstructor
    from garment_uv.viewing.meshes import check_ending
    from garment_uv.viewing.reconstruct import reconstruct_files
    from garment_uv.viewing.reconstruct_many import VIDEOS, folder_items, reconstruct_many, video_items

    box, mask = asked["box"], asked["mask"]
    if body is not None and (body_model or box or mask):
        raise UserError("--body says it all: leave --body-model, --box and --mask out, or leave --body out")
    person = Person(_box(box) if box else None, mask)
    options = EstimatorOptions(asked["gender"] or "", asked["focal"], asked["camera_frame"])
    many = image.is_dir() or image.suffix.lower() in VIDEOS
    if not many:
        check_ending(out)
    elif out.suffix.lower() in (".glb", ".obj") or out.is_file():
        raise UserError(f"--out is the folder of many results here, was given {str(out)!r}: name a folder")
    folder = model_folder(model)
    reconstructor = Reconstructor(folder, asked["smpl_dir"], body_network=body_model)
    inputs = [folder, body_model, mask]
    if many:
        with ExitStack() as closing:
            if image.is_dir():
                items = folder_items(image, body, options)
            else:
                items, close = video_items(image, body, asked["every"], options)
                closing.callback(close)
            report = closing.enter_context(progress_bar("reconstruct", "pictures"))
            suffix = f".{asked['suffix']}"
            outcome = reconstruct_many(reconstructor, items, out, suffix, person, report, inputs)
        _say_many(outcome, len(items), out)
        return
    given = None if body is None else read_body(body, options)
    written = reconstruct_files(reconstructor, image, given, out, f"body file {body}", person, [body, *inputs])
    click.echo("wrote " + ", ".join(str(path) for path in written))


def _say_many(outcome: "PictureOutcome", items: int, out: Path) -> None:
    if outcome.page is not None:
        click.echo(f"wrote {len(outcome.written)} of {items} pictures into {out}; look at {outcome.page}")
    for name, why in outcome.failed.items():
        click.echo(f"{name}: {why}", err=True)
    if outcome.failed:
        raise UserError(f"{len(outcome.failed)} of {items} pictures could not be used, as said above")


def _box(text: str) -> tuple[float, float, float, float]:
    try:
        left, top, right, bottom = (float(part) for part in text.split(","))
    except ValueError:
        raise UserError(f"--box takes LEFT,TOP,RIGHT,BOTTOM in px, was given {text!r}") from None
    return left, top, right, bottom
