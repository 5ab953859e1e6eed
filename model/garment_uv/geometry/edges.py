"""What a triangle mesh is as a surface: its edges, neighbours, borders and pieces. Plain NumPy."""

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components


def directed_edges(faces: np.ndarray) -> np.ndarray:
    """The three directed edges of each face, int [3 F, 2]; edge k of face f is row k F + f."""
    return np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])


def unique_edges(faces: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Undirected edges [E, 2] (sorted), the edge of each row of `directed_edges` [3 F], and faces per edge [E]."""
    rows = np.sort(directed_edges(faces), axis=1)
    edges, of_row, counts = np.unique(rows, axis=0, return_inverse=True, return_counts=True)
    return edges, of_row.reshape(-1), counts


def edge_lengths(vertices: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Length [E] of each of `edges` [E, 2], in the unit of `vertices` [V, 3]."""
    return np.linalg.norm(vertices[edges[:, 0]] - vertices[edges[:, 1]], axis=1)


def side_lengths(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Length [F, 3] of each face's three sides, in the unit of `vertices` [V, 3]."""
    corners = vertices[faces]
    return np.linalg.norm(corners - np.roll(corners, -1, axis=1), axis=2)


def adjacency(faces: np.ndarray, count: int) -> sparse.csr_matrix:
    """Symmetric 0/1 matrix float64 [count, count] of the edges of `faces` [F, 3]."""
    edges = directed_edges(faces)
    matrix = sparse.coo_matrix((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(count, count))
    both = (matrix + matrix.T).tocsr()
    both.data[:] = 1.0
    return both


def border_edges(faces: np.ndarray) -> np.ndarray:
    """The edges [B, 2] that belong to one face, directed as there."""
    _, of_row, counts = unique_edges(faces)
    return directed_edges(faces)[counts[of_row] == 1]


def boundary_loops(faces: np.ndarray) -> list[np.ndarray]:
    """Closed loops of boundary vertices, each in the direction of its faces' edges, longest first.

    ValueError when a vertex has two boundary edges leaving it: the mesh is then not a surface with boundary.
    """
    leaving: dict[int, int] = {}
    for start, end in border_edges(faces).tolist():
        if start in leaving:
            raise ValueError(f"vertex {start} lies on the boundary twice")
        leaving[start] = end
    loops = []
    while leaving:
        first, following = leaving.popitem()
        loop = [first]
        while following != first:
            loop.append(following)
            following = leaving.pop(following)
        loops.append(np.array(loop))
    return sorted(loops, key=lambda loop: (-len(loop), int(loop.min())))


def face_components(faces: np.ndarray, cut: np.ndarray | None = None) -> np.ndarray:
    """Label int [F] of the edge-connected piece each face is in; edges in `cut` ([C, 2]) do not connect."""
    edges, of_row, _ = unique_edges(faces)
    connects = np.ones(len(edges), dtype=bool)
    if cut is not None and len(cut):
        closed = {tuple(edge) for edge in np.sort(cut, axis=1).tolist()}
        connects = np.array([tuple(edge) not in closed for edge in edges.tolist()])
    count = len(faces)
    face_of_row = np.tile(np.arange(count), 3)
    kept = connects[of_row]
    incidence = sparse.csr_matrix(
        (np.ones(kept.sum(), dtype=np.int32), (face_of_row[kept], of_row[kept])), shape=(count, len(edges))
    )
    return connected_components(incidence @ incidence.T, directed=False)[1]


def largest_component(faces: np.ndarray) -> np.ndarray:
    """Mask bool [F] of the edge-connected piece with most faces."""
    labels = face_components(faces)
    return labels == np.bincount(labels).argmax()
