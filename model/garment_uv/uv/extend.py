"""Values outside the garment's mask: carried a few rings outwards, then faded to zero."""

from functools import lru_cache

import numpy as np
import scipy.sparse as sp

from garment_uv.geometry.edges import adjacency
from garment_uv.uv.atlas import Atlas

FULL_RINGS = 3
"""Rings around the mask that keep the full extrapolated value."""
FADE_RINGS = 4
"""Further rings over which the value falls to zero."""


@lru_cache(maxsize=4)
def atlas_adjacency(atlas: Atlas) -> sp.csr_matrix:
    """Symmetric 0/1 matrix [V, V] of the edges of all topologies' faces."""
    faces = np.concatenate([np.asarray(f, dtype=np.int64) for f in atlas.faces.values()])
    return adjacency(faces, atlas.num_vertices)


def extend(atlas: Atlas, values: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """`values` [V, C] inside `mask` [V]; outside, the mean of the inner neighbours ring by ring, fading to 0.

    float64 [V, C] in the unit of `values`. What lies outside the mask in `values` is not looked at (ours).
    """
    known = np.array(mask, dtype=bool)
    result = np.where(known[:, None], np.asarray(values, dtype=np.float64), 0.0)
    edges = atlas_adjacency(atlas)
    factor = np.ones(atlas.num_vertices)
    for ring in range(1, FULL_RINGS + FADE_RINGS + 1):
        counts = edges @ known.astype(np.float64)
        fresh = np.flatnonzero((counts > 0) & ~known)
        if not len(fresh):
            break
        inner = result * known[:, None]
        result[fresh] = (edges[fresh] @ inner) / counts[fresh, None]
        known[fresh] = True
        past = max(0, ring - FULL_RINGS) / (FADE_RINGS + 1)
        factor[fresh] = 0.5 * (1 + np.cos(np.pi * past))
    return result * (factor * known)[:, None]
