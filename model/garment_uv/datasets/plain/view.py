"""A sample's square seen through any pinhole camera: two pictures taken from one place differ by a homography."""

import cv2
import numpy as np

from garment_uv.datasets.cloth3d.camera import crop_camera
from garment_uv.geometry.camera import ALONG_MINUS_X

FLIP = np.diag([1.0, -1.0, 1.0])
"""From x right, y up, z forward to x right, y down, z forward."""


def square_of(picture: np.ndarray, to_pixels: np.ndarray, camera: np.ndarray, size: int) -> np.ndarray:
    """What the sample's camera at `camera` [3] would have taken of the square around the root, uint8 [size, size(, C)].

    `picture` is uint8 [H, W] or [H, W, C], taken from the same place; `to_pixels` [3, 3] is its K R for directions in
    the sample's frame. What the picture does not show is zero.
    """
    square = homography(to_pixels, camera, size)
    shrinks = float(np.sqrt(abs(np.linalg.det(_linear(square, size / 2)))))
    steps = max(1, int(np.ceil(shrinks)))
    fine = square @ np.diag([1 / steps, 1 / steps, 1.0])
    half = np.array([[1.0, 0.0, 0.5], [0.0, 1.0, 0.5], [0.0, 0.0, 1.0]])
    centred = np.linalg.inv(half) @ fine @ half  # OpenCV counts from the middle of the first pixel
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    warped = cv2.warpPerspective(picture, centred, (size * steps, size * steps), flags=flags, borderValue=0)
    return cv2.resize(warped, (size, size), interpolation=cv2.INTER_AREA) if steps > 1 else warped


def homography(to_pixels: np.ndarray, camera: np.ndarray, size: int) -> np.ndarray:
    """From the square's pixels to the picture's, float64 [3, 3]; pixel (0, 0) covers [0, 1) x [0, 1) in both."""
    view = crop_camera(camera, size)
    lens = np.array([[view.focal, 0.0, view.centre[0]], [0.0, view.focal, view.centre[1]], [0.0, 0.0, 1.0]])
    return to_pixels @ ALONG_MINUS_X.T @ FLIP @ np.linalg.inv(lens)


def _linear(matrix: np.ndarray, at: float) -> np.ndarray:
    """How the homography moves near the square's middle: its Jacobian [2, 2] there."""
    x, y, w = matrix @ (at, at, 1.0)
    return (matrix[:2, :2] * w - np.outer((x, y), matrix[2, :2])) / w**2
