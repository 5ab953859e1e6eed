"""Where the root stands, said in a square of the picture and in metres before the camera.

In a square, the root is at (u, v), in half its sides from its centre, u to the right and v down, and `zoom` is the
logarithm of the side that the square of +-1.25 m around the root has, over the square's own. With the picture's optics
that is a place before the camera; nothing else is assumed about the body.
"""

from dataclasses import dataclass

import numpy as np

from garment_uv.datasets.cloth3d.camera import CENTRE, FOCAL, NEAREST, crop_box
from garment_uv.geometry.camera import HALF_SQUARE


@dataclass(frozen=True)
class Square:
    """A square of a picture, px and not rounded; it may reach beyond the picture."""

    left: float
    top: float
    side: float


@dataclass(frozen=True)
class Optics:
    """A picture's camera, px of that picture; it looks along -x."""

    focal: float
    centre: tuple[float, float]

    @classmethod
    def of_crop(cls, camera: np.ndarray, size: int) -> "Optics":
        """Of a sample's square image: the dataset's camera, in pixels of the crop that was cut out of its frame."""
        left, top, side = crop_box(camera)
        scale = size / side
        return cls(FOCAL * scale, ((CENTRE[0] - left) * scale, (CENTRE[1] - top) * scale))

    @classmethod
    def of_frame(cls) -> "Optics":
        """Of the dataset's whole 640x480 frame."""
        return cls(FOCAL, CENTRE)

    @classmethod
    def assumed(cls, width: int, height: int, side: float, depth: float) -> "Optics":
        """Of a picture of unknown optics: a body whose +-1.25 m are `side` px there is taken to stand at `depth`, m."""
        return cls(depth * side / (2 * HALF_SQUARE), (width / 2, height / 2))


def root_square(inside: Square, u: float, v: float, zoom: float) -> Square:
    """The square of +-1.25 m around the root that is at (u, v, zoom) in another square."""
    side = inside.side * float(np.exp(zoom))
    x = inside.left + inside.side * (u + 1) / 2
    y = inside.top + inside.side * (v + 1) / 2
    return Square(x - side / 2, y - side / 2, side)


def place_in(inside: Square, root: Square) -> tuple[float, float, float]:
    """(u, v, zoom) in one square of the root whose own square is `root`: the inverse of `root_square`."""
    u = 2 * (root.left + root.side / 2 - inside.left) / inside.side - 1
    v = 2 * (root.top + root.side / 2 - inside.top) / inside.side - 1
    return u, v, float(np.log(root.side / inside.side))


def camera_of(root: Square, optics: Optics) -> np.ndarray:
    """The camera relative to the root, float32 [3] metres, as samples hold it; no nearer than 1.25 m."""
    depth = max(optics.focal * 2 * HALF_SQUARE / root.side, NEAREST)
    x, y = root.left + root.side / 2, root.top + root.side / 2
    across, down = (x - optics.centre[0]) / optics.focal, (y - optics.centre[1]) / optics.focal
    return np.array([depth, -across * depth, down * depth], np.float32)
