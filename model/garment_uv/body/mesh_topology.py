"""What a triangle mesh is as a surface: its edges, boundary loops, pieces and subdivisions. Plain NumPy."""

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


def boundary_loops(faces: np.ndarray) -> list[np.ndarray]:
    """Closed loops of boundary vertices, each in the direction of its faces' edges, longest first.

    ValueError when a vertex has two boundary edges leaving it: the mesh is then not a surface with boundary.
    """
    rows = directed_edges(faces)
    _, of_row, counts = unique_edges(faces)
    leaving: dict[int, int] = {}
    for start, end in rows[counts[of_row] == 1].tolist():
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


def euler_characteristic(faces: np.ndarray) -> int:
    """Vertices minus edges plus faces, counting only vertices that a face uses."""
    return len(np.unique(faces)) - len(unique_edges(faces)[0]) + len(faces)


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


def vertex_normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Unit area-weighted normals float64 [V, 3]; zero where no face is."""
    corners = vertices[faces].astype(np.float64)
    areas = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = np.zeros((len(vertices), 3))
    for corner in range(3):
        np.add.at(normals, faces[:, corner], areas)
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    return normals / np.where(lengths > 0.0, lengths, 1.0)


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
