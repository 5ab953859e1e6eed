"""Openings at the neck, as fields that are positive where cloth stays. Ours.

Places are metres on the mean subject in T-pose relative to the root, who looks along -y: the top of a shoulder is at
(0.1, 0.02, 0.45), the pit of the neck at (0, -0.05, 0.44).
"""

from collections.abc import Callable

import numpy as np

from garment_uv.datasets.open.outfits import GarmentCut

Field = Callable[[np.ndarray], np.ndarray]
"""From places [N, 3] to [N]."""
_TOP = 0.53
"""Height of an opening's middle: where the neck's layer ends."""
_SHOULDER = 0.455
"""Height of the shoulders beside the neck."""


def neck_field(cut: GarmentCut) -> Field:
    """The field of the neckline of `cut`."""
    return {"round": _round, "v": _v, "boat": _boat, "straps": _straps}[cut.neckline](*cut.neck)


def _round(width: float, depth: float, shift: float) -> Field:
    """An ellipsoid, `shift` metres farther to the front."""
    middle, size = np.array([0.0, -shift - 0.01, _TOP]), np.array([width, 0.09 + shift, depth])
    return lambda p: np.linalg.norm((p - middle) / size, axis=1) - 1.0


def _v(width: float, depth: float, shift: float) -> Field:
    """A close round neck, and in front straight edges from `width` on the shoulders to `depth` under the top."""
    close, tip = _round(width, 0.095, shift), _TOP - depth
    steep = (_SHOULDER - tip) / width

    def field(p: np.ndarray) -> np.ndarray:
        edge = (tip + steep * np.abs(p[:, 0]) - p[:, 2]) / np.hypot(1.0, steep)
        # Positive everywhere behind the shoulders' crest.
        return np.minimum(0.09 * close(p), edge + 3.0 * np.maximum(p[:, 1] + 0.005, 0.0))

    return field


def _boat(width: float, depth: float, shift: float) -> Field:
    """Wide along the shoulders, `depth` under the top in front and behind, `shift` deeper in front."""

    def field(p: np.ndarray) -> np.ndarray:
        low = depth + shift * _in_front(p)
        return (np.abs(p[:, 0]) / width) ** 4 + ((_TOP - p[:, 2]) / low) ** 2 - 1.0

    return field


def _straps(width: float, depth: float, shift: float) -> Field:
    """Square: straps begin at `width`; `depth` under the top behind, `shift` deeper in front."""

    def field(p: np.ndarray) -> np.ndarray:
        low = depth + shift * _in_front(p)
        return (np.abs(p[:, 0]) / width) ** 4 + ((_TOP - p[:, 2]) / low) ** 6 - 1.0

    return field


def _in_front(p: np.ndarray) -> np.ndarray:
    """1 in front of the shoulders' crest, 0 behind it, evenly between."""
    return np.clip((0.03 - p[:, 1]) / 0.06, 0.0, 1.0)
