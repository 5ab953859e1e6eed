"""Triangle meshes made finer without a change of their surface."""

import numpy as np
from scipy import sparse

from garment_uv.geometry.edges import unique_edges


def subdivide_midpoints(faces: np.ndarray, num_vertices: int) -> tuple[np.ndarray, np.ndarray]:
    """Every face in four, by the midpoints of its edges: the surface stays exactly where it was.

    Answers faces int32 [4 F, 3] (those of face f at rows 4 f to 4 f + 3) and the edges [E, 2] whose midpoints are the
    new vertices num_vertices to num_vertices + E - 1.
    """
    edges, of_row, _ = unique_edges(faces)
    ab, bc, ca = (num_vertices + of_row).reshape(3, -1)
    a, b, c = faces.T
    quarters = [(a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca)]
    parts = np.stack([np.stack(quarter, axis=1) for quarter in quarters], axis=1)
    return parts.reshape(-1, 3).astype(np.int32), edges


def midpoint_matrix(edges: np.ndarray, num_vertices: int) -> sparse.csr_matrix:
    """float32 CSR [V + E, V]: the old vertices, then the mean of each edge's ends."""
    count = len(edges)
    rows = np.repeat(np.arange(count), 2)
    mean = sparse.csr_matrix((np.full(2 * count, 0.5), (rows, edges.ravel())), shape=(count, num_vertices))
    return sparse.vstack([sparse.identity(num_vertices), mean]).tocsr().astype(np.float32)


def refine_path(path: np.ndarray, edges: np.ndarray, num_vertices: int) -> np.ndarray:
    """A vertex path [N] with the midpoint of each of its edges put in: [2 N - 1]."""
    index = {tuple(edge): num_vertices + k for k, edge in enumerate(edges.tolist())}
    refined = np.empty(2 * len(path) - 1, dtype=np.int64)
    refined[::2] = path
    refined[1::2] = [index[tuple(sorted(pair))] for pair in zip(path[:-1].tolist(), path[1:].tolist(), strict=True)]
    return refined
