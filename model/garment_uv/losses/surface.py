"""Sparse operators of one surface topology, and which of its parts a sample's garments cover."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
import torch
from torch import nn

from garment_uv.geometry.edges import unique_edges


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx, dense: torch.Tensor, matrix: torch.Tensor, transpose: torch.Tensor) -> torch.Tensor:
        ctx.transpose = transpose
        return matrix @ dense

    @staticmethod
    def backward(ctx, gradient: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        return ctx.transpose @ gradient.contiguous(), None, None


class SparseOperator(nn.Module):
    """M [R, V] applied to columns: dense [V, ...] to [R, ...]. Batch and xyz are columns of one product.

    Parts are buffers outside the state dict; `.to(torch.float64)` works. Not affected by autocast.
    """

    _forward_values: torch.Tensor

    def __init__(self, matrix: sp.csr_matrix) -> None:
        super().__init__()
        self.rows, self.columns = matrix.shape
        self._store("forward", sp.csr_matrix(matrix))
        self._store("transpose", sp.csr_matrix(matrix.T))

    def forward(self, dense: torch.Tensor) -> torch.Tensor:
        """M applied over the first dimension of `dense` [V, ...], in the operator's own float type."""
        with torch.autocast(device_type=dense.device.type, enabled=False):
            flat = dense.to(self._forward_values.dtype).reshape(self.columns, -1).contiguous()
            forward = self._matrix("forward", (self.rows, self.columns))
            transpose = self._matrix("transpose", (self.columns, self.rows))
            product = _Product.apply(flat, forward, transpose)
            return product.reshape(self.rows, *dense.shape[1:])

    def _store(self, name: str, matrix: sp.csr_matrix) -> None:
        matrix.sort_indices()
        parts = {
            "starts": matrix.indptr.astype(np.int64),
            "indices": matrix.indices.astype(np.int64),
            "values": matrix.data.astype(np.float32),
        }
        for part, array in parts.items():
            self.register_buffer(f"_{name}_{part}", torch.from_numpy(array), persistent=False)

    def _matrix(self, name: str, size: tuple[int, int]) -> torch.Tensor:
        starts, indices, values = (getattr(self, f"_{name}_{part}") for part in ("starts", "indices", "values"))
        return torch.sparse_csr_tensor(starts, indices, values, size=size, check_invariants=False)


@dataclass(frozen=True)
class Covered:
    """What of a topology n samples' garments cover; vertices, edges or faces first, samples last."""

    faces: torch.Tensor
    """bool [F, n]: all three vertices of one garment class."""
    edges: torch.Tensor
    """bool [E, n]: edges of a covered face."""
    vertices: torch.Tensor
    """bool [V, n]: vertices of a covered face."""
    interior: torch.Tensor
    """bool [V, n]: covered vertices all of whose faces are covered, off the topology's border."""


class SurfaceOperators(nn.Module):
    """Operators of the triangles `faces` [F, 3] over V vertices, built once; they apply to [V, ...]."""

    faces: torch.Tensor
    edges: torch.Tensor
    _border: torch.Tensor

    def __init__(self, faces: np.ndarray, num_vertices: int) -> None:
        super().__init__()
        faces = np.asarray(faces, dtype=np.int64)
        edges, side_edge, uses = unique_edges(faces)
        side_edge = side_edge.reshape(3, len(faces))
        joins = _incidence(edges, num_vertices)
        corners = _incidence(faces, num_vertices)
        self.edge_vectors = SparseOperator(_differences(edges[:, 0], edges[:, 1], num_vertices))
        """[E, V]: second end minus first."""
        self.side_vectors = SparseOperator(
            sp.vstack(
                (
                    _differences(faces[:, 0], faces[:, 1], num_vertices),
                    _differences(faces[:, 0], faces[:, 2], num_vertices),
                )
            )
        )
        """[2F, V]: of all faces the second minus the first corner, then the third minus the first."""
        self.faces_to_vertices = SparseOperator(corners.T)
        """[V, F]: sum over the faces at a vertex."""
        self.laplacian = SparseOperator(_laplacian(joins))
        """[V, V]: mean of a vertex's neighbours minus the vertex."""
        self._faces_to_edges = SparseOperator(_incidence(side_edge.T, len(edges)).T)
        self._edges_to_vertices = SparseOperator(joins.T)
        self.register_buffer("faces", torch.from_numpy(faces), persistent=False)
        self.register_buffer("edges", torch.from_numpy(edges), persistent=False)
        self.register_buffer("_border", torch.from_numpy(uses == 1), persistent=False)

    @torch.no_grad()
    def covered(self, vertex_classes: torch.Tensor) -> Covered:
        """Parts covered by the garments of n samples, classes [n, V], 0 none."""
        classes = vertex_classes.T
        first, second, third = (classes[self.faces[:, corner]] for corner in range(3))
        faces = (first > 0) & (first == second) & (first == third)
        edges = self._faces_to_edges(faces) > 0
        vertices = self.faces_to_vertices(faces) > 0
        foreign = classes[self.edges[:, 0]] != classes[self.edges[:, 1]]
        open_edges = foreign | self._border.unsqueeze(1)
        interior = vertices & (self._edges_to_vertices(open_edges) == 0)
        return Covered(faces, edges, vertices, interior)


def _differences(start: np.ndarray, end: np.ndarray, num_vertices: int) -> sp.csr_matrix:
    rows = np.arange(len(start))
    values = np.concatenate((-np.ones(len(start)), np.ones(len(end))))
    at = (np.concatenate((rows, rows)), np.concatenate((start, end)))
    return sp.csr_matrix((values, at), shape=(len(start), num_vertices))


def _incidence(members: np.ndarray, size: int) -> sp.csr_matrix:
    """[N, size] with a 1 in each row at that row's members [N, k]."""
    rows = np.repeat(np.arange(len(members)), members.shape[1])
    return sp.csr_matrix((np.ones(members.size), (rows, members.reshape(-1))), shape=(len(members), size))


def _laplacian(joins: sp.csr_matrix) -> sp.csr_matrix:
    """Uniform Laplacian from the edges' incidence [E, V]; rows of vertices without edges are zero."""
    degree = np.asarray(joins.sum(axis=0)).ravel()
    adjacency = joins.T @ joins - sp.diags(degree)
    share = np.divide(1.0, degree, out=np.zeros_like(degree), where=degree > 0)
    matrix = (sp.diags(share) @ adjacency - sp.diags((degree > 0).astype(float))).tocsr()
    matrix.eliminate_zeros()
    return matrix
