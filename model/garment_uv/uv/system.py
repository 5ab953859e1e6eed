"""The matrix that reads an atlas's maps, as a system to be solved, and the vertices that no map gives back."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import SuperLU, splu

from garment_uv.uv.atlas import Atlas
from garment_uv.uv.sampling import sampling_matrix

_NOTHING = 1e-8
"""A ridge beside which only what S^T leaves out remains."""
_PROBES = 48
_SHARED = 0.02


@dataclass(frozen=True)
class System:
    """S, its transpose and the factors of S S^T + ridge."""

    read: sp.csr_matrix
    spread: sp.csr_matrix
    factors: SuperLU


@lru_cache(maxsize=6)
def system_of(atlas: Atlas, ridge: float) -> System:
    """The system of an atlas; factored once."""
    read = sampling_matrix(atlas)
    matrix = (read @ read.T + ridge * sp.identity(read.shape[0])).tocsc()
    options = {"SymmetricMode": True}
    factors = splu(matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options=options)
    return System(read, read.T.tocsr(), factors)


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
