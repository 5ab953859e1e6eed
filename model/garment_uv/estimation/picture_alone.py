"""The body of a picture that comes without one: from the person's square to a body file."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from garment_uv.datasets.cloth3d.camera import HEIGHT, WIDTH, cut_square
from garment_uv.estimation.body_file import BodyFile
from garment_uv.estimation.body_swap import check_same_body
from garment_uv.estimation.estimate import BodyEstimator
from garment_uv.estimation.person import read_mask, rough_square
from garment_uv.estimation.placement import Optics
from garment_uv.training.model_file import TrainedOn


@dataclass(frozen=True)
class Person:
    """What is known about where the person is in a picture without a body file; all of it may be left out."""

    box: tuple[float, float, float, float] | None = None
    """Left, top, right, bottom, px."""
    mask: Path | None = None
    """A picture of the same size, bright or opaque on the person."""


ANYONE = Person()


@dataclass(frozen=True)
class FoundBody:
    """A body that was seen, and the square picture around its root that the garment model looks at."""

    body: BodyFile
    picture: np.ndarray
    """uint8 [I, I, 3]"""


class BodySeer:
    """A body network beside a garment model. UserError where the network is of another body than the model."""

    def __init__(self, network: Path, trained_on: TrainedOn, device: str = "auto") -> None:
        self._estimate = BodyEstimator(network, device)
        check_same_body(self._estimate.card, trained_on.body_model, trained_on.body_digest, network)
        self._trained_on = trained_on

    def __call__(self, pixels: np.ndarray, name: str, person: Person = ANYONE) -> FoundBody:
        """The body in `pixels` uint8 [H, W, 3 or 4].

        A 640x480 picture is taken for a frame of the dataset's camera, whose optics are known; any other picture's are
        not, and its body is taken to stand as far away as those of the training did on average. UserError in one line
        that names the picture by `name` where nothing says where the person is.
        """
        mask = read_mask(person.mask) if person.mask is not None else None
        rough = rough_square(pixels, person.box, mask, name)
        colours = np.ascontiguousarray(pixels[..., :3])
        if pixels.shape[2] == 4:
            colours[pixels[..., 3] < 128] = 0
        height, width = colours.shape[:2]
        optics = Optics.of_frame() if (width, height) == (WIDTH, HEIGHT) else None
        found = self._estimate(colours, rough, optics)
        square = found.square
        picture = cut_square(colours, square.left, square.top, square.side, self._trained_on.image_size)
        return FoundBody(BodyFile.of_frame(found.body, self._trained_on.body_model), np.ascontiguousarray(picture))
