"""Which vertices a map does not give back, and by how much: of an atlas whatever the values, and of one map."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from garment_uv.uv.atlas import Atlas
from garment_uv.uv.least_norm import system_of
from garment_uv.uv.sampling import Reading, read_vertices

EXACT_M = 5e-5
"""A vertex that is read back to 0.05 mm is given back exactly; codes of 16 bits over +-1 m alone cost up to 0.015."""
_NOTHING = 1e-8
"""A ridge beside which only what S^T leaves out remains."""
_PROBES = 48
_SHARED = 0.02


@lru_cache(maxsize=4)
def vertices_that_share(atlas: Atlas) -> tuple[int, ...]:
    """Vertices that no map of this atlas gives back whatever their values are: they share too few texels.

    There the matrix S that reads the map has fewer independent rows than vertices. A vertex is named if more than a
    fiftieth of its unit vector lies in what S^T leaves out, seen by random vectors of a fixed seed. Which of them are
    off, and by how much, depends on the values: see `readback`.
    """
    system = system_of(atlas, _NOTHING)
    left = np.random.default_rng(0).standard_normal((atlas.num_vertices, _PROBES))
    for _ in range(3):
        left = _NOTHING * system.factors.solve(left)
    share = np.sqrt((left**2).mean(axis=1))
    return tuple(int(vertex) for vertex in np.flatnonzero(share > _SHARED))


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
