"""What a triangle mesh is as a surface: its edges, neighbours, borders and pieces, and made finer. Plain NumPy."""

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components, dijkstra


def directed_edges(faces: np.ndarray) -> np.ndarray:
    """The three directed edges of each face, int [3 F, 2]; edge k of face f is row k F + f."""
    return np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])


def unique_edges(faces: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Undirected edges [E, 2] (sorted), the edge of each row of `directed_edges` [3 F], and faces per edge [E]."""
    rows = np.sort(directed_edges(faces), axis=1)
    count = int(rows.max(initial=0)) + 1
    keys = rows[:, 0].astype(np.int64) * count + rows[:, 1]  # one number an edge sorts four times as fast as two
    found, of_row, counts = np.unique(keys, return_inverse=True, return_counts=True)
    edges = np.stack([found // count, found % count], axis=1).astype(rows.dtype)
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


def spread_rings(
    neighbours: sparse.csr_matrix, values: np.ndarray, known: np.ndarray, wanted: np.ndarray, rings: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """`values` [V, C] where `known` [V], and ring by ring around them the mean of known neighbours, where `wanted` [V].

    At most so many `rings`. Also each vertex's ring, int [V]: 0 where known, -1 where none reached, whose value is 0.
    """
    result, ring = np.where(known[:, None], values, 0.0), np.where(known, 0, -1)
    while rings is None or ring.max(initial=0) < rings:
        inside = ring >= 0
        count = neighbours @ inside.astype(float)
        fresh = np.flatnonzero(wanted & ~inside & (count > 0))
        if not len(fresh):
            break
        result[fresh] = (neighbours[fresh] @ (result * inside[:, None])) / count[fresh, None]
        ring[fresh] = ring.max() + 1
    return result, ring


def cheapest_path(graph: sparse.csr_matrix, start: int, end: int) -> list[int] | None:
    """Vertices of the path of least cost in a graph of edge costs [V, V], whichever way they point; None for none."""
    _, before = dijkstra(graph, directed=False, indices=start, return_predecessors=True)
    path = [end]
    while path[-1] != start:
        if before[path[-1]] < 0:
            return None
        path.append(int(before[path[-1]]))
    return path[::-1]


def border_edges(faces: np.ndarray) -> np.ndarray:
    """The edges [B, 2] that belong to one face, directed as there."""
    _, of_row, counts = unique_edges(faces)
    return directed_edges(faces)[counts[of_row] == 1]


def boundary_loops(faces: np.ndarray) -> list[np.ndarray]:
    """Closed loops of boundary vertices along their faces' edges, longest first; ValueError where a vertex has two."""
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


def subdivide_midpoints(faces: np.ndarray, num_vertices: int) -> tuple[np.ndarray, np.ndarray]:
    """Every face in four, by the midpoints of its edges: the surface stays exactly where it was.

    Faces int32 [4 F, 3], face f's at rows 4 f to 4 f + 3, and the edges [E, 2] whose midpoints follow the vertices.
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
