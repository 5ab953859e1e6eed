"""Maps that give their vertices back: linear inside each triangle, then changed as little as that takes (ours)."""

from functools import lru_cache

import numpy as np
import scipy.sparse as sp

from garment_uv.uv.atlas import Atlas
from garment_uv.uv.sampling import coverage
from garment_uv.uv.system import system_of, vertices_that_share

RIDGE = 3e-3
"""Added to the diagonal of S S^T by 'least_norm': keeps the one correction small where vertices share texels."""
FINE_RIDGE = 1e-3
"""The same for 'exact', whose corrections add up."""
OVERSHOOT = 0.05
"""A least-norm map never leaves the values' range by more than this share of it."""
OVERSHOOTS = (OVERSHOOT, 0.1, 0.2, 0.4)
"""The same for 'exact', one after the other while some vertex is not read back."""
CLOSE_M = 1e-5
"""'exact' ends when every vertex is read back to this."""
FEW = 0.01
"""Share of the vertices that may share texels on an atlas for which 'exact' is more than 'least_norm'."""
ROUNDS = 10
"""Corrections of 'exact' within each of them, at most."""
_WORTH = 0.7
"""The next one is taken where a correction leaves more of the error than this share, in the mean square."""


@lru_cache(maxsize=8)
def _barycentric_matrix(atlas: Atlas) -> sp.csr_matrix:
    cover = coverage(atlas)
    rows = np.repeat(cover.texels, 3)
    shape = (atlas.size * atlas.size, atlas.num_vertices)
    return sp.coo_matrix((cover.weights.ravel(), (rows, cover.vertices.ravel())), shape=shape).tocsr()


def barycentric(atlas: Atlas, values: np.ndarray) -> np.ndarray:
    """Linear inside each triangle of the atlas, nearest point in the gutter."""
    return _barycentric_matrix(atlas) @ values


def least_norm(atlas: Atlas, values: np.ndarray) -> np.ndarray:
    """Barycentric, then one least change towards the vertices' values: near them, not exact where points crowd."""
    system = system_of(atlas, RIDGE)
    texels = barycentric(atlas, values)
    low, high = _bounds(values, OVERSHOOT)
    texels += system.spread @ system.factors.solve(values - system.read @ texels)
    return np.clip(texels, low, high)


def exact(atlas: Atlas, values: np.ndarray) -> np.ndarray:
    """Barycentric, then least changes until all vertices are read back, or nothing is gained any more.

    Iterated Tikhonov regularisation with projection onto the values' range, which is widened only where that is what
    stands in the way. On a spread layout a few rounds do. On an atlas where many vertices share texels
    (`system.vertices_that_share`) it would gain little and swing more: there the map is the least-norm one, and
    `readback.readback` names the vertices that are off.
    """
    if len(vertices_that_share(atlas)) > FEW * atlas.num_vertices:
        return least_norm(atlas, values)
    system = system_of(atlas, FINE_RIDGE)
    texels = barycentric(atlas, values)
    for overshoot in OVERSHOOTS:
        low, high = _bounds(values, overshoot)
        before = np.inf
        for _ in range(ROUNDS):
            off = values - system.read @ texels
            if np.abs(off).max(initial=0.0) < CLOSE_M:
                return texels
            error = float((off**2).sum())
            if error > _WORTH * before:
                break
            before = error
            texels = np.clip(texels + system.spread @ system.factors.solve(off), low, high)
    return texels


def _bounds(values: np.ndarray, overshoot: float) -> tuple[np.ndarray, np.ndarray]:
    low, high = values.min(axis=0), values.max(axis=0)
    slack = overshoot * (high - low)
    return low - slack, high + slack
