"""Reading vertices from maps: one sparse matrix S, used alike by the fill, by numpy readers and by torch."""

import warnings
from functools import lru_cache
from typing import Literal

import numpy as np
import scipy.sparse as sp
import torch
from torch import nn

from garment_uv.uv.atlas import Atlas

Reading = Literal["bilinear", "nearest"]
"""How a vertex is read at one of its points: from the four texels around it, or from the nearest one."""


@lru_cache(maxsize=8)
def sampling_matrix(atlas: Atlas, reading: Reading = "bilinear") -> sp.csr_matrix:
    """S, float64 [V, U*U]: `reading` at a vertex's points, averaged over them; texel (x, y) is column y*U + x.

    A map that was not filled is to be read by 'nearest': its vertices were written to those texels alone, and a
    bilinear reading would mix them with the zeros around.
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


class _SparseProduct(torch.autograd.Function):
    """A fixed CSR matrix times a dense one; the gradient uses the stored transpose."""

    @staticmethod
    def forward(ctx, dense, matrix, transpose):
        ctx.transpose = transpose
        return matrix @ dense

    @staticmethod
    def backward(ctx, gradient):
        return ctx.transpose @ gradient.contiguous(), None, None


class MapSampler(nn.Module):
    """Differentiable S: maps [B, C, U, U] to vertices [B, V, C], float32, in the maps' unit.

    With the bilinear reading the same S as the fill's, so that a least-norm map is read back as the vertices it was
    made from.
    """

    def __init__(self, atlas: Atlas, reading: Reading = "bilinear") -> None:
        super().__init__()
        self.size = atlas.size
        self.num_vertices = atlas.num_vertices
        matrix = sampling_matrix(atlas, reading)
        self._store("forward", matrix)
        self._store("transpose", matrix.T.tocsr())

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Vertices [B, V, C] of maps [B, C, U, U]."""
        batch, channels, height, width = maps.shape
        if (height, width) != (self.size, self.size):
            raise ValueError(f"maps have shape {tuple(maps.shape)}, wanted [B, C, {self.size}, {self.size}]")
        with torch.autocast(device_type=maps.device.type, enabled=False):
            dense = maps.float().reshape(batch * channels, height * width).T.contiguous()
            size = (self.num_vertices, height * width)
            read = _SparseProduct.apply(dense, self._matrix("forward", size), self._matrix("transpose", size[::-1]))
        return read.T.reshape(batch, channels, self.num_vertices).transpose(1, 2)

    def _store(self, name: str, matrix: sp.csr_matrix) -> None:
        parts = {"rows": matrix.indptr.astype(np.int64), "columns": matrix.indices.astype(np.int64)}
        for part, array in {**parts, "values": matrix.data.astype(np.float32)}.items():
            self.register_buffer(f"_{name}_{part}", torch.from_numpy(array), persistent=False)

    def _matrix(self, name: str, size: tuple[int, int]) -> torch.Tensor:
        rows, columns, values = (getattr(self, f"_{name}_{part}") for part in ("rows", "columns", "values"))
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Sparse CSR tensor support")
            return torch.sparse_csr_tensor(rows, columns, values.float(), size=size, check_invariants=False)
