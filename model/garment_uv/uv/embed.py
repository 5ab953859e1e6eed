"""Flattening one disk onto a convex polygon without flips (Floater, mean value coordinates, 2003)."""

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import spsolve

from garment_uv.geometry.edges import directed_edges, edge_lengths

SHORT = 0.7
"""Shortest edge that the weights tell apart, in medians of the piece's edges."""


def embed(
    rest: np.ndarray, faces: np.ndarray, fixed: np.ndarray, positions: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Positions [N, 2] of the disk's vertices, and those vertices [N].

    `rest` [V, 3], `faces` [F, 3]; `fixed` [L] holds the boundary's vertices and `positions` [L, 2] where they
    go: a strictly convex polygon, or straight sides that no inner edge of the mesh runs along. Every inner
    vertex is then a convex combination of its neighbours, which never flips a triangle (Floater 1997).
    """
    vertices, local = np.unique(faces, return_inverse=True)
    local = local.reshape(faces.shape)
    weights = mean_value_weights(rest[vertices].astype(np.float64), local)
    is_fixed = np.isin(vertices, fixed)
    flat = np.zeros((len(vertices), 2))
    flat[np.searchsorted(vertices, fixed)] = positions
    inner = np.flatnonzero(~is_fixed)
    if len(inner):
        rows = sp.diags(1.0 / np.asarray(weights.sum(axis=1)).ravel()[inner]) @ weights[inner]
        system = sp.identity(len(inner), format="csc") - rows[:, inner].tocsc()
        flat[inner] = spsolve(system, rows[:, np.flatnonzero(is_fixed)] @ flat[is_fixed])
    return flat, vertices


def mean_value_weights(points: np.ndarray, faces: np.ndarray) -> sp.csr_matrix:
    """Row i, column j: (tan(a/2) + tan(b/2)) / |pi - pj|, a and b being the angles at i beside the edge; all > 0.

    Edges shorter than SHORT medians count as that long, which spreads clusters of tiny triangles apart (ours).
    """
    count = len(points)
    floor = SHORT * np.median(edge_lengths(points, directed_edges(faces)))
    rows, columns, values = [], [], []
    for corner in range(3):
        i, j, k = faces[:, corner], faces[:, (corner + 1) % 3], faces[:, (corner + 2) % 3]
        to_j, to_k = points[j] - points[i], points[k] - points[i]
        length_j, length_k = np.linalg.norm(to_j, axis=1), np.linalg.norm(to_k, axis=1)
        cosine = (to_j * to_k).sum(1) / np.maximum(length_j * length_k, 1e-12)
        cosine = np.clip(cosine, -0.999, 0.999)
        half_tangent = np.sqrt((1 - cosine) / (1 + cosine))
        rows += [i, i]
        columns += [j, k]
        values += [half_tangent / np.maximum(length_j, floor), half_tangent / np.maximum(length_k, floor)]
    entries = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
    return sp.coo_matrix(entries, shape=(count, count)).tocsr()
