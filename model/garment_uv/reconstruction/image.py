"""From one RGB image, and a body or none, to garment meshes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from garment_uv.body import BodyModel, load_body
from garment_uv.cloth3d.camera import HEIGHT, WIDTH, crop
from garment_uv.errors import UserError
from garment_uv.metrics.meshes import garment_meshes
from garment_uv.reconstruction.body_file import BodyFile, read_body_file, write_body_file
from garment_uv.reconstruction.export import check_ending, write_meshes
from garment_uv.reconstruction.meshes import BODY_COLOUR, GARMENT_COLOURS, ViewMesh, push_out
from garment_uv.reconstruction.photograph import read_pixels
from garment_uv.reconstruction.picture import beside, render, render_through, write_png
from garment_uv.reconstruction.picture_alone import ANYONE, Person, look
from garment_uv.reconstruction.viewer import Panel, write_html
from garment_uv.samples.batch import collate
from garment_uv.samples.posing import BodyPoser
from garment_uv.samples.sample import FrameBody, RawGarment, Sample
from garment_uv.training.device import resolve_device
from garment_uv.training.model_file import TrainedOn, load_model, read_card
from garment_uv.training.predict import Predictor, predicted_topology
from garment_uv.uv.atlas import Atlas
from garment_uv.uv.fill import fill


@dataclass(frozen=True)
class Reconstruction:
    """Garments of one picture, in the sample frame: root-relative, z-up, turned by zrot, metres."""

    garments: dict[str, RawGarment]
    """By class name; empty when the model sees none."""
    body: RawGarment
    """The body without head, hands and feet that the garments lie on."""
    image: np.ndarray
    """uint8 [I, I, 3]: what the model looked at."""
    camera: np.ndarray
    """float32 [3] relative to the turned root."""
    body_file: BodyFile
    """The body, as given or as estimated."""


def reconstruct(
    model_folder: Path,
    image: Path,
    body: Path | None = None,
    smpl_dir: Path | None = None,
    device: str = "auto",
    push_out_of_body: bool = False,
    person: Person = ANYONE,
) -> Reconstruction:
    """Garments in `image` on the body that the file `body` describes, or without one on the body that is seen in it.

    With a body file the image is a 640x480 frame or the square crop around its root; without one it may be any picture
    of one person, and `person` says where (see `picture_alone`). Nothing else is needed: the segments are the model's
    own. `push_out_of_body`, or `evaluation.push_out` of the model's config, moves vertices inside the body to 5 mm
    above it. Raises UserError in one line for a picture, body file or model that cannot be used or that do not fit one
    another.
    """
    card = read_card(model_folder)
    if body is None:
        seen = look(model_folder, image, person, device)
        body_file, picture = seen.body, seen.picture
    else:
        body_file = read_body_file(body)
        picture = read_picture(image, body_file.frame().camera, card.trained_on.image_size)
        _check_body_name(body_file, card.trained_on, body)
    generator, config, atlas = load_model(model_folder)
    body_model = load_body(body_file.body_model, smpl_dir)
    vertices = body_vertices(body_model, body_file.frame(), atlas, card.trained_on)
    sample = _as_sample(picture, vertices, body_file.frame(), atlas)

    predicted = Predictor(generator.to(resolve_device(device)), atlas)(collate([sample]), "predicted")
    classes = predicted.vertex_classes[0]
    found = garment_meshes(atlas, predicted.vertices[0], classes, predicted_topology(classes))
    body_mesh = RawGarment(vertices, atlas.faces["default"])
    garments = {}
    for name, (garment_vertices, faces) in found.items():
        if push_out_of_body or config.evaluation.push_out:
            garment_vertices = push_out(garment_vertices, vertices, atlas.faces["default"])
        garments[name] = RawGarment(garment_vertices, faces)
    return Reconstruction(garments, body_mesh, picture, sample.body.camera, body_file)


def reconstruct_files(
    model_folder: Path,
    image: Path,
    body: Path | None,
    out: Path,
    smpl_dir: Path | None = None,
    person: Person = ANYONE,
) -> list[Path]:
    """Reconstruct into `out` (.glb or .obj), with a picture (.png) and a page to turn (.html) beside it.

    Without a body file the estimated body is written too (.body.json), to look at and to give again. The files' paths,
    in that order. A picture in which the model sees no garment is a UserError: nothing is written then.
    """
    out = Path(out)
    check_ending(out)
    result = reconstruct(model_folder, image, body, smpl_dir, person=person)
    if not result.garments:
        told = "check that the body file belongs to this picture" if body else "give the person's --box, or a --body"
        raise UserError(f"the model sees no garment in {image}: {told}")
    out.parent.mkdir(parents=True, exist_ok=True)
    written = [out, out.with_suffix(".png"), out.with_suffix(".html")]
    write_meshes(result.garments, out)
    write_png(overview(result), written[1])
    shown = (_view("body", result.body), *views_of(result.garments))
    title = f"Garments reconstructed from {Path(image).name}"
    write_html([Panel("On the body", shown), Panel("Garments", shown[1:])], written[2], title)
    if body is None:
        written.append(out.with_suffix(".body.json"))
        write_body_file(written[-1], result.body_file)
    return written


def overview(result: Reconstruction, size: int = 384) -> np.ndarray:
    """The picture, the garments seen through its camera, and from the left and behind: uint8 [S, 4 S, 3]."""
    shown = [_view("body", result.body), *views_of(result.garments)]
    through = render_through(shown, result.camera, size)
    around = render(shown, size, ("three_quarter", "back"))
    return beside(result.image, np.concatenate([through, around], axis=1))


def views_of(garments: Mapping[str, RawGarment]) -> list[ViewMesh]:
    """The garments in their classes' colours."""
    return [_view(name, mesh) for name, mesh in garments.items()]


def read_picture(path: Path, camera: np.ndarray, size: int) -> np.ndarray:
    """The square uint8 [size, size, 3] that the model looks at, from a full frame or from a square crop.

    `camera` [3] is relative to the turned root; only a full frame needs it. UserError names the file when it
    is missing, truncated, no picture, or of another shape.
    """
    pixels = read_pixels(path)[..., :3]
    height, width = pixels.shape[:2]
    if (width, height) == (WIDTH, HEIGHT):
        return np.ascontiguousarray(crop(pixels, camera, size))
    if width != height:
        raise UserError(
            f"picture {path} is {width}x{height} px: give a whole {WIDTH}x{HEIGHT} frame, or the square of "
            "+-1.25 m around the root"
        )
    return np.asarray(Image.fromarray(pixels).resize((size, size), Image.Resampling.BILINEAR))


def body_vertices(model: BodyModel, body: FrameBody, atlas: Atlas, trained_on: TrainedOn) -> np.ndarray:
    """The posed body on the atlas's topology, float32 [V, 3] in the sample frame.

    UserError when the body model is not the one that the atlas was made for.
    """
    return BodyPoser(model, trained_on.subdivisions, atlas, trained_on.body_digest).vertices(body)


def _check_body_name(body: BodyFile, trained_on: TrainedOn, path: Path) -> None:
    if body.body_model != trained_on.body_model:
        raise UserError(
            f"body file {path} is of the body {body.body_model!r}, the model was trained on "
            f"{trained_on.body_model!r}: give a body file of that one"
        )


def _as_sample(picture: np.ndarray, vertices: np.ndarray, body: FrameBody, atlas: Atlas) -> Sample:
    """What the network reads, as a sample whose garments are unknown."""
    size = atlas.size
    return Sample(
        key="picture",
        image=picture,
        body_uv=fill(atlas, vertices, np.ones(len(vertices), bool), "least_norm"),
        displacement_uv=np.zeros((3, size, size), np.float32),
        segments=np.zeros((size, size), np.uint8),
        vertex_classes=np.zeros(len(vertices), np.uint8),
        body_vertices=vertices,
        topology="default",
        body=body,
    )


def _view(name: str, mesh: RawGarment) -> ViewMesh:
    return ViewMesh(name, mesh.vertices, mesh.faces, GARMENT_COLOURS.get(name, BODY_COLOUR))
