"""From one picture, and a body or none, to files of garment meshes."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from garment_uv.errors import UserError
from garment_uv.estimation.body_file import BodyFile, body_json
from garment_uv.estimation.estimator_files import Body
from garment_uv.estimation.person import read_pixels
from garment_uv.estimation.picture_alone import ANYONE, Person
from garment_uv.guard import keep_inputs, keep_others, made_by
from garment_uv.inference.reconstructor import Reconstruction, Reconstructor
from garment_uv.outputs import write_files
from garment_uv.samples.sample import RawGarment
from garment_uv.viewing.meshes import BODY_COLOUR, GARMENT_COLOURS, ViewMesh, check_ending, mesh_file
from garment_uv.viewing.picture import beside, png, render_through, render_views
from garment_uv.viewing.viewer import Panel
from garment_uv.viewing.viewer import page as make_page

COMMAND = "reconstruct"


def reconstruct(
    model: Reconstructor,
    image: Path | np.ndarray,
    body: Body | None = None,
    name: str = "",
    body_name: str = "the body",
    person: Person = ANYONE,
) -> Reconstruction:
    """Garments in `image`, a file or pixels uint8 [H, W, 3 or 4].

    On a body of ours the image is a 640x480 frame or the square crop around its root, on an estimator's the picture
    that it saw; without a body it may be any picture of one person, and `person` says where. UserError in one line,
    which names the picture by `name` and the body by `body_name`, for what cannot be used or does not fit.
    """
    name = name or (f"picture {image}" if isinstance(image, Path) else "the picture")
    pixels = read_pixels(image) if isinstance(image, Path) else image
    if body is None:
        return model.alone(pixels, name, person)
    if isinstance(body, BodyFile):
        return model.in_frame(pixels[..., :3], body, name, body_name)
    return model.estimated(pixels[..., :3], body, body_name)


def reconstruct_files(
    model: Reconstructor,
    image: Path,
    body: Body | None,
    out: Path,
    body_name: str = "the body",
    person: Person = ANYONE,
    inputs: Sequence[Path | None] = (),
) -> list[Path]:
    """Reconstruct into `out` (.glb or .obj), with a picture (.png) and a page to turn (.html) beside it.

    A body that was estimated, here or by another system, is written too (.body.json), to look at and to give again. The
    files' paths, in that order; all appear, or none. Nothing is written over the image, what else is named in `inputs`
    or files of others: that is a UserError before anything is done, as is, later, a picture without any garment.
    """
    out = Path(out)
    check_ending(out)
    estimated, page = not isinstance(body, BodyFile), out.with_suffix(".html")
    _, picture, *body_file = output_paths(out, estimated)
    written = [out, picture, page, *body_file]
    keep_inputs(written, [image, *inputs])
    keep_others(written[1:], COMMAND)
    result = reconstruct(model, image, body, body_name=body_name, person=person)
    files = files_of(result, out, f"picture {image}", estimated)
    title = f"Garments reconstructed from {Path(image).name}"
    files[page] = make_page(panels(result), title, generator=made_by(COMMAND)).encode()
    write_files(files)
    return written


def output_paths(out: Path, estimated: bool) -> list[Path]:
    """Where meshes, picture and, of an `estimated` one, body of one result go."""
    return [out, out.with_suffix(".png"), *([out.with_suffix(".body.json")] if estimated else [])]


def files_of(result: Reconstruction, out: Path, name: str, estimated: bool) -> dict[Path, bytes]:
    """The bytes of each of its `output_paths`; UserError where it holds no garment."""
    if not result.garments:
        told = (
            "give the person's --box, or a --body" if estimated else "check that the body file belongs to this picture"
        )
        raise UserError(f"the model sees no garment in {name}: {told}")
    maker = made_by(COMMAND)
    contents = [mesh_file(result.garments, out, maker), png(overview(result), maker)]
    if estimated:
        contents.append(body_json(result.body_file))
    return dict(zip(output_paths(out, estimated), contents, strict=True))


def overview(result: Reconstruction, size: int = 384) -> np.ndarray:
    """The picture, the garments seen through its camera, and from the left and behind: uint8 [S, 4 S, 3]."""
    shown = [_view("body", result.body), *views_of(result.garments)]
    through = render_through(shown, result.camera, size)
    around = render_views(shown, size, ("three_quarter", "back"))
    return beside(result.image, np.concatenate([through, around], axis=1))


def panels(result: Reconstruction) -> tuple[Panel, Panel]:
    """Views of a page: the garments on the body, and alone."""
    shown = tuple(views_of(result.garments))
    return Panel("On the body", (_view("body", result.body), *shown)), Panel("Garments", shown)


def views_of(garments: Mapping[str, RawGarment]) -> list[ViewMesh]:
    """The garments in their classes' colours."""
    return [_view(name, mesh) for name, mesh in garments.items()]


def _view(name: str, mesh: RawGarment) -> ViewMesh:
    return ViewMesh(name, mesh.vertices, mesh.faces, GARMENT_COLOURS.get(name, BODY_COLOUR))
