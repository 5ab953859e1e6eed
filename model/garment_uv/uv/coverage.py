"""Which triangle of the atlas each texel lies in."""

from dataclasses import dataclass
from functools import lru_cache

import igl
import numpy as np

from garment_uv.uv.atlas import Atlas

GUTTER_TEXELS = 2.5
"""Texels within this distance of an island take the value of its nearest point, so that bilinear reads see no void."""


@dataclass(frozen=True)
class Coverage:
    """The covered texels, T of them: inside an island or within its gutter."""

    texels: np.ndarray
    """int64 [T] flat indices y * U + x."""
    vertices: np.ndarray
    """int64 [T, 3] vertices of the nearest triangle's corners."""
    weights: np.ndarray
    """float64 [T, 3] barycentric weights of the nearest point in it; they sum to 1."""
    inside: np.ndarray
    """bool [T] whether the texel's centre lies inside a triangle, not only in the gutter."""


@lru_cache(maxsize=8)
def coverage(atlas: Atlas) -> Coverage:
    """The coverage of an atlas; computed once."""
    size = atlas.size
    columns, rows = np.meshgrid(np.arange(size, dtype=np.float64), np.arange(size, dtype=np.float64))
    centres = np.stack([columns.ravel(), rows.ravel(), np.zeros(size * size)], axis=1)
    flat = np.column_stack([atlas.points, np.zeros(len(atlas.points))])
    faces = atlas.uv_faces.astype(np.int64)
    squared, triangle, nearest = igl.point_mesh_squared_distance(centres, flat, faces)
    texels = np.flatnonzero(squared <= GUTTER_TEXELS**2)
    corners = faces[triangle[texels]]
    weights = _barycentric(nearest[texels, :2], *(atlas.points[corners[:, c]] for c in range(3)))
    return Coverage(
        texels=texels,
        vertices=atlas.point_vertex[corners].astype(np.int64),
        weights=weights,
        inside=squared[texels] < 1e-12,
    )


def _barycentric(points: np.ndarray, a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    def cross(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        return u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]

    whole = cross(b - a, c - a)
    second = cross(points - a, c - a) / whole
    third = cross(b - a, points - a) / whole
    weights = np.clip(np.stack([1 - second - third, second, third], axis=1), 0.0, 1.0)
    return weights / weights.sum(axis=1, keepdims=True)
