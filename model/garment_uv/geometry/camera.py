"""A pinhole camera as what its lens does (K), how it is turned (R) and where it stands; or an orthographic one.

The place is kept instead of t = -R @ place: a point less the place keeps digits that R @ point + t would lose.
"""

from dataclasses import dataclass

import numpy as np

HALF_SQUARE = 1.25
"""Half the side, metres, of the square around a body's root, at its depth, that its picture is cut to."""
ALONG_MINUS_X = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [-1.0, 0.0, 0.0]])
"""R of a camera that looks along -x: y to the right, z up."""


@dataclass(frozen=True)
class Camera:
    """A pinhole or orthographic camera; image y grows downwards and pixel (0, 0) covers [0, 1) x [0, 1)."""

    position: np.ndarray
    """float64 [3] metres."""
    axes: np.ndarray
    """R, float64 [3, 3]: rows right, up and forward, orthonormal, in world coordinates."""
    focal: float
    """px; for an orthographic camera px per metre."""
    centre: tuple[float, float]
    """Principal point, px."""
    width: int
    height: int
    orthographic: bool = False

    @classmethod
    def look_at(
        cls,
        eye: np.ndarray,
        target: np.ndarray,
        width: int = 640,
        height: int = 480,
        field_of_view: float = 40.0,
        up: np.ndarray | tuple[float, float, float] = (0.0, 0.0, 1.0),
        orthographic_height: float | None = None,
    ) -> "Camera":
        """A camera at `eye` towards `target`; `field_of_view` is vertical, degrees.

        `orthographic_height` (metres that the picture's height spans) makes it orthographic. Raises ValueError
        where eye and target coincide or the direction is parallel to `up`.
        """
        eye, target = np.asarray(eye, dtype=np.float64), np.asarray(target, dtype=np.float64)
        forward = _unit(target - eye, "eye and target coincide")
        right = _unit(np.cross(forward, np.asarray(up, dtype=np.float64)), "the view is parallel to up")
        axes = np.stack([right, np.cross(right, forward), forward])
        if orthographic_height is not None:
            focal = height / orthographic_height
        else:
            focal = height / 2 / np.tan(np.radians(field_of_view) / 2)
        return cls(eye, axes, focal, (width / 2, height / 2), width, height, orthographic_height is not None)

    def project(self, points: np.ndarray) -> np.ndarray:
        """Pixel x, pixel y and nearness of `points` [N, 3], float64 [N, 3].

        Nearness grows towards the camera and is affine on the screen: 1/depth, or for an orthographic camera
        1000 - depth. Points at or behind the camera's plane get nearness 0 or less.
        """
        local = (np.asarray(points, dtype=np.float64) - self.position) @ self.axes.T
        depth = local[:, 2]
        if self.orthographic:
            scale, nearness = np.full_like(depth, self.focal), 1000.0 - depth
        else:
            nearness = np.divide(1.0, depth, out=np.zeros_like(depth), where=depth > 0.05)
            scale = self.focal * nearness
        return np.stack([self.centre[0] + scale * local[:, 0], self.centre[1] - scale * local[:, 1], nearness], axis=1)


def _unit(vector: np.ndarray, fault: str) -> np.ndarray:
    length = np.linalg.norm(vector)
    if length < 1e-9:
        raise ValueError(f"no camera: {fault}")
    return vector / length
