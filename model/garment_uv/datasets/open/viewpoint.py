"""Where a subject stands, where it looks and where the camera is, with variety="full". Ours.

Focal length, principal point and the direction of view are the dataset's, and so is a camera at y = 0; how its distance
and height are spread there is not published, and the ranges here keep a standing subject in the picture.
"""

from dataclasses import dataclass

import numpy as np

from garment_uv.datasets.cloth3d.camera import CENTRE, FOCAL
from garment_uv.geometry.rotations import about_z

DISTANCES = (4.2, 6.0)
"""Least and largest distance of the camera from the middle of the subject's path, metres."""
HEIGHTS = (0.6, 1.4)
"""Of the camera over the ground, metres; nearer ones have less of that."""
HEAD, FEET = 1.95, 0.05
"""Heights that are seen, metres."""
STRAY = 0.5
"""How far to a side, and nearer or farther, the path's middle is from the world's, metres, at most."""
ARM = 1.0
"""How far from its root a subject reaches to a side, metres."""


@dataclass(frozen=True)
class Viewpoint:
    """A camera, and a subject before it."""

    camera: np.ndarray
    """float64 [3] camLoc, metres."""
    zrot: float
    """Radians."""
    heading: float
    """Where the subject faces in the world, before zrot, radians about z from +x."""
    place: np.ndarray
    """float64 [2] the middle of its path in the world, before zrot, metres."""


def draw_viewpoint(rng: np.random.Generator) -> Viewpoint:
    """Any heading and zrot, each direction as often."""
    distance = float(rng.uniform(*DISTANCES))
    high, wide = CENTRE[1] / FOCAL * distance, CENTRE[0] / FOCAL * distance
    low = np.clip([HEAD - high, FEET + high], *HEIGHTS)
    height = float(rng.uniform(min(low), max(low)))
    side = float(rng.uniform(-1.0, 1.0)) * min(STRAY, wide - ARM)
    along = float(rng.uniform(-STRAY, STRAY))
    zrot, heading = (float(angle) for angle in rng.uniform(-np.pi, np.pi, 2))
    place = about_z(-zrot)[:2, :2] @ np.array([along, side])
    return Viewpoint(np.array([distance + along, 0.0, height]), zrot, heading, place)
