"""The dataset's camera: where a point falls in the picture, and which square of it is the sample's image.

Points are in the sample frame: metres, z-up, relative to the root, turned by zrot. `camera` is the camera's location in
that frame, [3]; it looks along -x. Pixels are continuous: pixel i spans [i, i + 1], its centre is i + 0.5.

Source: CLOTH3D's own camera (f = 888.889 px, centre (320, 240)), checked on a real sequence: all joints fall
inside the mask. The published formula leaves camLoc's y out; it is 0 in the dataset, so `y - camera_y` is the
same number there and stays right for a camera that stands elsewhere.
"""

import numpy as np
from PIL import Image
from PIL.Image import Resampling

from garment_uv.errors import UserError
from garment_uv.geometry.camera import ALONG_MINUS_X, HALF_SQUARE, Camera
from garment_uv.geometry.rotations import about_z

FOCAL = 888.889
"""Focal length, px."""
WIDTH, HEIGHT = 640, 480
"""Size of a frame, px."""
CENTRE = (320.0, 240.0)
"""Principal point, px."""
NEAREST = 1.25
"""Least depth of the root, metres: nearer, the body would reach the camera."""


def turned(points: np.ndarray, zrot: float) -> np.ndarray:
    """Root-relative points [..., 3] in the sample frame; same dtype, metres."""
    return (points @ about_z(zrot).T).astype(points.dtype, copy=False)


def relative_camera(cam_loc: np.ndarray, trans: np.ndarray, zrot: float) -> np.ndarray:
    """Camera in the sample frame, float64 [3] metres: the world's camLoc less the turned root."""
    return np.asarray(cam_loc, np.float64) - about_z(zrot) @ np.asarray(trans, np.float64)


def frame_camera(location: np.ndarray) -> Camera:
    """The camera at `location` [3] (its y counts as 0), whose picture is a whole frame."""
    focal = FOCAL * WIDTH / 640  # its last bit is not FOCAL's, and all synthetic pictures are taken with it
    return Camera(np.array([location[0], 0.0, location[2]], np.float64), ALONG_MINUS_X, focal, CENTRE, WIDTH, HEIGHT)


def project(points: np.ndarray, camera: np.ndarray) -> np.ndarray:
    """Pixels (u, v) of points [N, 3] in the 640x480 frame, float64 [N, 2]; NaN at or behind the camera."""
    points, camera = np.asarray(points, np.float64), np.asarray(camera, np.float64)
    depth = camera[0] - points[..., 0]
    depth = np.where(depth > 0, depth, np.nan)
    u = CENTRE[0] + FOCAL * (points[..., 1] - camera[1]) / depth
    v = CENTRE[1] - FOCAL * (points[..., 2] - camera[2]) / depth
    return np.stack([u, v], axis=-1)


def crop_box(camera: np.ndarray) -> tuple[float, float, float]:
    """Left, top and side, px and not rounded, of the square of +-1.25 m around the root; UserError for one nearer."""
    depth = float(camera[0])
    if not depth >= NEAREST:
        raise UserError(
            f"the body stands {depth:.2f} m before the camera; {NEAREST} m are needed, check camLoc and trans"
        )
    u, v = project(np.zeros((1, 3)), camera)[0]
    half = FOCAL * HALF_SQUARE / depth
    return float(u - half), float(v - half), float(2 * half)


def crop_camera(camera: np.ndarray, size: int) -> Camera:
    """The camera at `camera` [3] whose picture is the sample's square image of `size` px."""
    left, top, side = crop_box(camera)
    scale = size / side
    centre = ((CENTRE[0] - left) * scale, (CENTRE[1] - top) * scale)
    return Camera(np.asarray(camera, np.float64), ALONG_MINUS_X, FOCAL * scale, centre, size, size)


def project_to_crop(points: np.ndarray, camera: np.ndarray, size: int) -> np.ndarray:
    """Pixels of points [N, 3] in the sample's square image of `size` px, float64 [N, 2]."""
    left, top, side = crop_box(camera)
    return (project(points, camera) - (left, top)) * (size / side)


def crop(image: np.ndarray, camera: np.ndarray, size: int) -> np.ndarray:
    """The square around the root of uint8 [480, 640] or [480, 640, C] as [size, size] or [size, size, C], else zero."""
    return cut_square(image, *crop_box(camera), size)


def cut_square(
    image: np.ndarray, left: float, top: float, side: float, size: int, resampling: Resampling = Resampling.BILINEAR
) -> np.ndarray:
    """A square of a picture, px and not rounded, zero outside it, filtered to uint8 [size, size] or [size, size, C].

    `image` is uint8 [H, W], or the same with 3 or 4 channels; labels are not filtered: `Resampling.NEAREST`.
    """
    height, width = image.shape[:2]
    before = [max(0, int(np.ceil(-low)) + 1) for low in (top, left)]
    after = [max(0, int(np.ceil(low + side - full)) + 1) for low, full in ((top, height), (left, width))]
    # A root far outside the frame would pad without bound: past one square there is only black.
    if max(before) > side + 2 or max(after) > side + 2:
        return np.zeros((size, size, *image.shape[2:]), np.uint8)
    pads = [(before[0], after[0]), (before[1], after[1])] + [(0, 0)] * (image.ndim - 2)
    padded = Image.fromarray(np.ascontiguousarray(np.pad(image, pads)))
    box = (left + before[1], top + before[0], left + before[1] + side, top + before[0] + side)
    return np.asarray(padded.resize((size, size), resampling, box=box))


def recrop(image: np.ndarray, camera: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The sample's square image uint8 [I, I, C] as it would be around another root, which `other` [3] is relative to.

    Both cameras are one camera seen from two roots: `other` is `camera` less the step from its root to the other.
    What the first square does not show is zero. The same root gives the same image.
    """
    if np.array_equal(camera, other):
        return image
    return cut_square(image, *_other_square(camera, other, len(image)), len(image))


def recrop_labels(labels: np.ndarray, camera: np.ndarray, other: np.ndarray) -> np.ndarray:
    """As `recrop`, of labels uint8 [I, I]: each pixel takes the label at its centre."""
    if np.array_equal(camera, other):
        return labels
    return cut_square(labels, *_other_square(camera, other, len(labels)), len(labels), Resampling.NEAREST)


def _other_square(camera: np.ndarray, other: np.ndarray, size: int) -> tuple[float, float, float]:
    """Left, top and side of the square around the other root, px of the square of `size` px around the first."""
    left, top, side = crop_box(camera)
    new_left, new_top, new_side = crop_box(other)
    scale = size / side
    return (new_left - left) * scale, (new_top - top) * scale, new_side * scale
