"""The set of body vertices that a garment covers: cleaned by majority, and straps that this rubs out put back.

What is narrower than the body's own faces loses every vote; a face under each bare point covers it again.
"""

import igl
import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from garment_uv.geometry.normals import face_areas
from garment_uv.registration.correspond import OUTWARD_M, Correspondence
from garment_uv.registration.domain import Domain
from garment_uv.registration.surface import GarmentSurface

ROUNDS = 2
"""Rounds of majority voting among neighbours."""
SMALLEST = 0.02
"""Islands and holes under this share of the covered vertices are removed and filled."""
BARE_M = 0.010
"""A part of the garment farther than this, and than a median edge of the body, from what is registered is bare."""
BARE_SHARE = 0.01
"""Share of the garment's area that may stay bare: seams, hems and folds are never met exactly."""


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


def bare_points(domain: Domain, garment: GarmentSurface, found: Correspondence, worn: np.ndarray) -> np.ndarray:
    """Points [N, 3] metres of the garment that the vertices `worn` [V] leave bare; none where it is little enough."""
    centres = np.ascontiguousarray(garment.vertices[garment.faces].mean(axis=1))
    faces = domain.faces[worn[domain.faces].all(axis=1)]
    if not len(faces):
        return centres
    squared, _, _ = igl.point_mesh_squared_distance(centres, found.attachment.positions(garment.vertices), faces)
    bare = squared > max(BARE_M, domain.median_edge) ** 2
    areas = face_areas(garment.vertices, garment.faces)
    return centres[bare] if areas[bare].sum() > BARE_SHARE * areas.sum() else centres[:0]


def faces_under(domain: Domain, points: np.ndarray) -> np.ndarray:
    """The vertices [V] of the body's faces nearest to `points` [N, 3], bool; none where they are out of reach."""
    squared, face, _ = igl.point_mesh_squared_distance(points, domain.vertices, domain.faces)
    wanted = np.zeros(len(domain.vertices), dtype=bool)
    wanted[domain.faces[face[squared < OUTWARD_M**2]]] = True
    return wanted
