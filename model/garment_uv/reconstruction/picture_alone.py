"""The body of a picture that comes without one: from the person's square to a body file."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from garment_uv.bodyfit.estimate import BodyEstimator
from garment_uv.bodyfit.model_file import companion
from garment_uv.bodyfit.placement import Optics
from garment_uv.bodyfit.seen import check_same_body
from garment_uv.cloth3d.camera import HEIGHT, WIDTH, cut_square
from garment_uv.errors import UserError
from garment_uv.reconstruction.body_file import BodyFile
from garment_uv.reconstruction.person import rough_square
from garment_uv.reconstruction.photograph import read_mask, read_pixels
from garment_uv.training.model_file import read_card


@dataclass(frozen=True)
class Person:
    """What is known about the person in a picture without a body file; all of it may be left out."""

    body_model: Path | None = None
    """Folder of a body network; the garment model's own companion where not given."""
    box: tuple[float, float, float, float] | None = None
    """Left, top, right, bottom, px."""
    mask: Path | None = None
    """A picture of the same size, bright or opaque on the person."""


ANYONE = Person()


@dataclass(frozen=True)
class Looked:
    """A body that was seen, and the square picture around its root that the garment model looks at."""

    body: BodyFile
    picture: np.ndarray
    """uint8 [I, I, 3]"""


def look(model_folder: Path, image: Path, person: Person, device: str = "auto") -> Looked:
    """The body in `image`, by the companion network of a garment model or by another.

    A 640x480 picture is taken for a frame of the dataset's camera, whose optics are known; any other picture's are not,
    and its body is taken to stand as far away as those of the training did on average. UserError in one line where
    there is no body network, where it is of another body, and where nothing says where the person is.
    """
    folder = person.body_model or companion(model_folder)
    if folder is None:
        raise UserError(
            f"no --body was given, and the model {model_folder} has no body network: give --body FILE, or --body-model "
            "FOLDER of `garment train-body`"
        )
    trained_on = read_card(model_folder).trained_on
    estimator = BodyEstimator(folder, device)
    check_same_body(estimator.card, trained_on.body_model, trained_on.body_digest, folder)
    pixels = read_pixels(image)
    mask = read_mask(person.mask) if person.mask is not None else None
    rough = rough_square(pixels, person.box, mask, f"picture {image}")
    colours = np.ascontiguousarray(pixels[..., :3])
    if pixels.shape[2] == 4:
        colours[pixels[..., 3] < 128] = 0
    height, width = colours.shape[:2]
    optics = Optics.of_frame() if (width, height) == (WIDTH, HEIGHT) else None
    found = estimator(colours, rough, optics)
    square = found.square
    picture = cut_square(colours, square.left, square.top, square.side, trained_on.image_size)
    return Looked(BodyFile.of_frame(found.body, trained_on.body_model), np.ascontiguousarray(picture))
