"""Reading vertices from maps, by one sparse matrix S for the fill, numpy readers and torch; and what covers a texel."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import igl
import numpy as np
import scipy.sparse as sp
import torch
from torch import nn

from garment_uv.geometry.sparse import SparseOperator
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


Reading = Literal["bilinear", "nearest"]
"""How a vertex is read at one of its points: from the four texels around it, or from the nearest one."""


@lru_cache(maxsize=8)
def sampling_matrix(atlas: Atlas, reading: Reading = "bilinear") -> sp.csr_matrix:
    """S, float64 [V, U*U]: `reading` at a vertex's points, averaged over them; texel (x, y) is column y*U + x.

    A map that was not filled is to be read by 'nearest': a bilinear reading would mix in the zeros around.
    """
    size, points = atlas.size, atlas.points if reading == "bilinear" else np.rint(atlas.points)
    corner = np.clip(np.floor(points).astype(np.int64), 0, max(size - 2, 0))
    fraction = points - corner
    share = 1.0 / np.bincount(atlas.point_vertex, minlength=atlas.num_vertices)[atlas.point_vertex]
    rows, columns, values = [], [], []
    for dx in (0, 1):
        for dy in (0, 1):
            weight = np.abs(1 - dx - fraction[:, 0]) * np.abs(1 - dy - fraction[:, 1])
            rows.append(atlas.point_vertex)
            columns.append((corner[:, 1] + dy) * size + corner[:, 0] + dx)
            values.append(weight * share)
    entries = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
    matrix = sp.coo_matrix(entries, shape=(atlas.num_vertices, size * size)).tocsr()
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    return matrix


def reading_of(fill: str) -> Reading:
    """The reading that gives back the vertices of a map made by this fill method."""
    return "nearest" if fill == "none" else "bilinear"


def read_vertices(atlas: Atlas, values: np.ndarray, reading: Reading = "bilinear") -> np.ndarray:
    """Vertices read from one map [C, U, U] by S, float64 [V, C], in the map's unit."""
    if values.ndim != 3 or values.shape[1:] != (atlas.size, atlas.size):
        raise ValueError(f"map has shape {values.shape}, wanted [C, {atlas.size}, {atlas.size}]")
    return sampling_matrix(atlas, reading) @ values.reshape(values.shape[0], -1).T.astype(np.float64)


class MapSampler(nn.Module):
    """Differentiable S, the same as the fill's: maps [B, C, U, U] to vertices [B, V, C], float32, in the maps' unit."""

    def __init__(self, atlas: Atlas, reading: Reading = "bilinear") -> None:
        super().__init__()
        self.size = atlas.size
        self.read = SparseOperator(sampling_matrix(atlas, reading).copy())

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Vertices [B, V, C] of maps [B, C, U, U]."""
        batch, channels, height, width = maps.shape
        if (height, width) != (self.size, self.size):
            raise ValueError(f"maps have shape {tuple(maps.shape)}, wanted [B, C, {self.size}, {self.size}]")
        read = self.read(maps.float().reshape(batch * channels, height * width).T)
        return read.T.reshape(batch, channels, -1).transpose(1, 2)
