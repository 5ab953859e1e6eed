"""Which vertices a map does not give back, and by how much."""

from dataclasses import dataclass

import numpy as np

from garment_uv.uv.atlas import Atlas
from garment_uv.uv.sampling import Reading, read_vertices

EXACT_M = 5e-5
"""A vertex that is read back to 0.05 mm is given back exactly; codes of 16 bits over +-1 m alone cost up to 0.015."""


@dataclass(frozen=True)
class Readback:
    """What one map does not give back."""

    vertices: np.ndarray
    """int64 [N] those that are off by more than EXACT_M, the worst first."""
    errors_m: np.ndarray
    """float64 [N] by how much, metres."""
    worst_m: float
    """Of all vertices of the mask; 0 where there is none."""


def readback(
    atlas: Atlas, values: np.ndarray, mask: np.ndarray, texels: np.ndarray, reading: Reading = "bilinear"
) -> Readback:
    """How far vertices of `mask` [V] are read from their `values` [V, C] (metres) in the map `texels` [C, U, U]."""
    within = np.flatnonzero(mask)
    errors = np.linalg.norm(read_vertices(atlas, texels, reading)[within] - np.asarray(values)[within], axis=1)
    order = np.argsort(-errors, kind="stable")
    order = order[errors[order] > EXACT_M]
    return Readback(within[order], errors[order], float(errors.max(initial=0.0)))
