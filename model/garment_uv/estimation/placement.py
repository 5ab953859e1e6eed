"""Where a body stands: in a square of the picture and in metres before the camera, by us or by an SMPL estimator.

In a square, the root is at (u, v), in half its sides from its centre, u to the right and v down, and `zoom` is the
logarithm of the side that the square of +-1.25 m around the root has, over the square's own. With the picture's optics
that is a place before the camera; nothing else is assumed about the body.

An estimator says the joints' rotations, the shape, and either where the body stands before its camera or how its crop
of the picture is scaled (weak perspective). Its camera looks along +z with y down, as in OpenCV, so that people seen
upright have a root turned by half a turn; or along -z with y up, as in OpenGL. Ours looks along -x with z up, and
everything is relative to the root joint, about which SMPL turns, but which is not SMPL's origin.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from garment_uv.body import BodyModel, BodyParameters
from garment_uv.datasets.cloth3d.camera import CENTRE, FOCAL, NEAREST, crop_box
from garment_uv.errors import UserError
from garment_uv.estimation.body_file import BodyFile
from garment_uv.geometry.camera import HALF_SQUARE
from garment_uv.geometry.rotations import axis_angles, rotation_matrices


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


CameraFrame = Literal["y-down", "y-up"]
DEPTH_M = 4.5
"""How far away a body of weak perspective, which says no distance, is taken to stand: about CLOTH3D's own camera."""

_TO_OURS = np.array([[0.0, 0.0, -1.0], [1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])
"""From a camera's x right, y down, z forward to our x towards the camera, y right, z up."""
_Y_UP = np.diag([1.0, -1.0, -1.0])
"""Half a turn about x: between y up with z backward, and y down with z forward."""


@dataclass(frozen=True)
class Perspective:
    """The body before a camera."""

    translation: np.ndarray
    """float [3] metres: what is added to SMPL's vertices to bring them into the camera's frame."""
    focal: float
    """px of the picture."""
    centre: tuple[float, float] | None = None
    """Principal point, px; the picture's middle where not given."""


@dataclass(frozen=True)
class WeakPerspective:
    """The body in a square crop: `scale` (x + tx, y + ty) of SMPL's vertices is -1 to 1 over the crop."""

    scale: float
    tx: float
    ty: float
    crop: Square


@dataclass(frozen=True)
class EstimatedBody:
    """One body in one picture, in the estimator's terms."""

    gender: int
    """0 female, 1 male."""
    shape: np.ndarray
    """float [10]."""
    pose: np.ndarray
    """float [72] axis-angle, radians; the root's in the camera's frame."""
    camera: Perspective | WeakPerspective
    camera_frame: CameraFrame = "y-down"

    def placed(self, model: BodyModel, width: int, height: int) -> tuple[BodyFile, Square]:
        """The body in our frames, and the square of +-1.25 m around its root, px; UserError where it stands nearer."""
        flip = _Y_UP if self.camera_frame == "y-up" else np.eye(3)
        pose = np.array(self.pose, np.float64)
        pose[:3] = axis_angles(_TO_OURS @ flip @ rotation_matrices(pose[:3]))
        parameters = BodyParameters(self.gender, np.asarray(self.shape, np.float32), pose.astype(np.float32))
        across, back, up = model.rest_root(parameters)
        translation, focal, centre = self._optics(width, height)
        x, y, z = flip @ (np.array([across, up, -back]) + translation)
        if not z >= NEAREST:
            raise UserError(
                f"the estimated body stands {z:.2f} m before its camera, {NEAREST} m are needed: check its translation "
                "and --camera-frame"
            )
        side = focal * 2 * HALF_SQUARE / z
        square = Square(centre[0] + focal * x / z - side / 2, centre[1] + focal * y / z - side / 2, side)
        body = BodyFile(
            body_model=model.name,
            gender=self.gender,
            shape=tuple(float(v) for v in parameters.shape),
            pose=tuple(float(v) for v in parameters.pose),
            camera=(float(z), float(-x), float(y)),
        )
        return body, square

    def _optics(self, width: int, height: int) -> tuple[np.ndarray, float, tuple[float, float]]:
        """Translation [3] in the estimator's frame, focal length and principal point, px."""
        if isinstance(self.camera, Perspective):
            return self.camera.translation, self.camera.focal, self.camera.centre or (width / 2, height / 2)
        crop, weak = self.camera.crop, self.camera
        depth = -DEPTH_M if self.camera_frame == "y-up" else DEPTH_M
        middle = (crop.left + crop.side / 2, crop.top + crop.side / 2)
        return np.array([weak.tx, weak.ty, depth]), DEPTH_M * weak.scale * crop.side / 2, middle
