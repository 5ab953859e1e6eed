"""Terms on the surface: normals matched by nearest neighbour, Laplacian smoothing, lengths of edges (all published),
and the Laplacian against the true surface's (ours).

They are made with sparse operators of a topology, and count only what a sample's garments cover of it.
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
import torch
from scipy.spatial import cKDTree
from torch import nn

from garment_uv.geometry.edges import unique_edges
from garment_uv.geometry.sparse import SparseOperator
from garment_uv.losses.means import CM_PER_M, MaskedMean, masked_mean


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


CHUNK = 2048
"""Queries at a time on a GPU: bounds the distance matrix to CHUNK x vertices."""


@torch.no_grad()
def nearest_vertices(queries: torch.Tensor, points: torch.Tensor, taking_part: torch.Tensor) -> torch.Tensor:
    """For each vertex of `queries` the nearest of `points`, both [V, n, 3], per sample: indices int64 [V, n].

    Only vertices with `taking_part` bool [V, n] ask and are found; the others get index 0. On the CPU a k-d
    tree per sample, on a GPU exact distances in chunks: never the matrix-product form, which picks wrong
    neighbours. A query that is not finite gets some neighbour, so that the loss itself shows what is wrong.
    """
    search = _by_tree if queries.device.type == "cpu" else _by_distance
    found = torch.zeros(taking_part.shape, dtype=torch.int64, device=queries.device)
    for sample in range(taking_part.shape[1]):
        members = taking_part[:, sample].nonzero().flatten()
        if len(members):
            asked = torch.nan_to_num(queries[members, sample], nan=0.0, posinf=1e6, neginf=-1e6)
            found[members, sample] = members[search(asked, points[members, sample])]
    return found


def _by_tree(queries: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
    tree = cKDTree(points.numpy(), balanced_tree=False, compact_nodes=False)
    return torch.from_numpy(tree.query(queries.numpy())[1])


def _by_distance(queries: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
    exact = "donot_use_mm_for_euclid_dist"
    chunks = [torch.cdist(part, points, compute_mode=exact).argmin(dim=1) for part in queries.split(CHUNK)]
    return torch.cat(chunks)


SMALLEST_CM2 = 1e-3
"""Twice an area below which a vertex's normal fades to zero, so that folded faces keep finite gradients."""


def covered_normals(operators: SurfaceOperators, positions: torch.Tensor, covered: Covered) -> torch.Tensor:
    """Area-weighted unit normals [V, n, 3] of the covered faces at positions [V, n, 3] (m); elsewhere 0."""
    first, second = operators.side_vectors(positions * CM_PER_M).chunk(2, dim=0)
    face_normals = torch.linalg.cross(first, second)
    face_normals = face_normals * covered.faces.unsqueeze(2)
    summed = operators.faces_to_vertices(face_normals)
    return summed / (summed.square().sum(dim=2, keepdim=True) + SMALLEST_CM2**2).sqrt()


def normal_term(
    operators: SurfaceOperators, predicted: torch.Tensor, true: torch.Tensor, covered: Covered
) -> MaskedMean:
    """Squared L2 (0 to 4) between each predicted vertex's normal and the nearest true one's, at [V, n, 3] (m)."""
    normals = covered_normals(operators, predicted, covered)
    with torch.no_grad():
        true_normals = covered_normals(operators, true, covered)
        match = nearest_vertices(predicted, true, covered.vertices)
        matched = true_normals.gather(0, match.unsqueeze(2).expand_as(true_normals))
    return masked_mean((normals - matched).square().sum(dim=2), covered.vertices)


def laplacian_term(operators: SurfaceOperators, predicted: torch.Tensor, covered: Covered) -> MaskedMean:
    """Squared distance (cm^2) of each vertex from the mean of its neighbours, at positions [V, n, 3] in metres.

    Interior vertices only (ours): at a hem the neighbours lie on one side, and smoothing would shrink the garment.
    """
    offsets = operators.laplacian(predicted * CM_PER_M)
    return masked_mean(offsets.square().sum(dim=2), covered.interior)


def laplacian_true_term(
    operators: SurfaceOperators, predicted: torch.Tensor, true: torch.Tensor, covered: Covered
) -> MaskedMean:
    """Squared difference (cm^2) between the predicted and the true surface's offsets of vertices from their neighbours.

    At positions [V, n, 3] in metres, interior vertices only, as `laplacian_term`, which asks for offsets of zero: that
    flattens folds and shrinks what is round, where this asks for the true surface's own folds (ours).
    """
    offsets = operators.laplacian((predicted - true.detach()) * CM_PER_M)
    return masked_mean(offsets.square().sum(dim=2), covered.interior)


SMALLEST_CM = 1e-3
"""Lengths are rounded off below this, so that an edge of no length has a gradient."""


def edge_lengths_cm(operators: SurfaceOperators, positions: torch.Tensor) -> torch.Tensor:
    """Lengths [E, n] in cm of the edges at positions [V, n, 3] in metres."""
    vectors = operators.edge_vectors(positions * CM_PER_M)
    return (vectors.square().sum(dim=2) + SMALLEST_CM**2).sqrt()


def edge_term(operators: SurfaceOperators, predicted: torch.Tensor, true: torch.Tensor, covered: Covered) -> MaskedMean:
    """Squared difference (cm^2) between the lengths of the predicted and the true surface's covered edges."""
    with torch.no_grad():
        wanted = edge_lengths_cm(operators, true)
    return masked_mean((edge_lengths_cm(operators, predicted) - wanted).square(), covered.edges)
