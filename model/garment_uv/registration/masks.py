"""Cleaning the set of body vertices that a garment covers."""

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

ROUNDS = 2
"""Rounds of majority voting among neighbours."""
SMALLEST = 0.02
"""Islands and holes under this share of the covered vertices are removed and filled."""


def clean(neighbours: sp.csr_matrix, mask: np.ndarray, used: np.ndarray) -> np.ndarray:
    """`mask` [V] without stray islands, holes and frayed edges; only `used` [V] vertices are ever covered."""
    mask = mask & used
    if not mask.any():
        return mask
    limit = max(8, int(SMALLEST * mask.sum()))
    mask = _without_small(neighbours, mask, limit)
    mask = ~_without_small(neighbours, ~mask & used, limit) & used
    degree = np.asarray(neighbours.sum(axis=1)).ravel()
    for _ in range(ROUNDS):
        inside = neighbours @ mask.astype(float)
        mask = np.where(inside > 0.65 * degree, True, np.where(inside < 0.35 * degree, False, mask)) & used
    return mask


def ring(neighbours: sp.csr_matrix, mask: np.ndarray) -> np.ndarray:
    """The vertices outside `mask` [V] that touch it."""
    return (neighbours @ mask.astype(float) > 0) & ~mask


def _without_small(neighbours: sp.csr_matrix, mask: np.ndarray, limit: int) -> np.ndarray:
    inside = np.flatnonzero(mask)
    if not len(inside):
        return mask
    _, labels = connected_components(neighbours[inside][:, inside], directed=False)
    big = np.bincount(labels) >= limit
    result = np.zeros_like(mask)
    result[inside] = big[labels]
    return result
