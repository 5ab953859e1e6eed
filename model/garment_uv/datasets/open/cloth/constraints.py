"""What holds a sheet together, from its mesh: links, hinges, tethers; and colours that let them run side by side."""

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import dijkstra

from garment_uv.datasets.open._mesh import edges_of

SLACK = 1.01
"""A tether's length by that along the cloth."""


def links(faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Edges, then both diagonals of each quad, of `faces` [F, 4]: int64 [L, 2], and which are diagonals, bool [L]."""
    quads = faces[faces[:, 2] != faces[:, 3]].astype(np.int64)
    edges = edges_of(faces)
    pairs = np.concatenate([edges, quads[:, [0, 2]], quads[:, [1, 3]]])
    return pairs, np.arange(len(pairs)) >= len(edges)


def hinges(triangles: np.ndarray) -> np.ndarray:
    """Inner edges of `triangles` [T, 3]: the two opposite vertices and the edge's, int64 [H, 4]."""
    corners = triangles.astype(np.int64)
    start, end, far = _sides(corners)
    size = int(corners.max()) + 1
    order = np.argsort(start * size + end, kind="stable")
    codes = (start * size + end)[order]
    back = end * size + start
    found = np.minimum(np.searchsorted(codes, back), len(codes) - 1)
    inner = (codes[found] == back) & (start < end)
    return np.stack([far, far[order][found], start, end], axis=1)[inner]


def _sides(corners: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Directed edges of triangles and the vertex opposite each."""
    return corners.T.ravel(), np.roll(corners, -1, axis=1).T.ravel(), np.roll(corners, -2, axis=1).T.ravel()


def angles(points: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """The angle at each hinge of `hinges`, float64 [H], radians; 0 where it is flat."""
    a, b, c, d = (points[corners[:, k]] for k in range(4))
    n, m, edge = np.cross(c - a, d - a), np.cross(d - b, c - b), d - c
    edge = edge / (np.linalg.norm(edge, axis=1, keepdims=True) + 1e-12)
    return np.arctan2((np.cross(n, m) * edge).sum(axis=1), (n * m).sum(axis=1))


def tethers(rest: np.ndarray, pairs: np.ndarray, sources: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each vertex the nearest of `sources` along the cloth (-1: none, or one itself) and the tether's length, m."""
    size = np.linalg.norm(rest[pairs[:, 0]] - rest[pairs[:, 1]], axis=1)
    graph = sp.csr_matrix((size, (pairs[:, 0], pairs[:, 1])), shape=(len(rest), len(rest)))
    far, _, anchor = dijkstra(graph, directed=False, indices=sources, return_predecessors=True, min_only=True)
    reached = np.isfinite(far)
    anchor = np.where(reached, anchor, -1)
    anchor[sources] = -1
    return anchor.astype(np.int32), np.where(reached, far, 0.0) * SLACK


def coloured(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """An order of `rows` [R, k] and the starts [C + 1] of groups in it, in none of which a vertex is twice (greedy)."""
    used = [0] * (int(rows.max()) + 1 if len(rows) else 0)
    colour = np.empty(len(rows), dtype=np.int64)
    for index, row in enumerate(rows.tolist()):
        taken = 0
        for vertex in row:
            taken |= used[vertex]
        free = ~taken & (taken + 1)
        colour[index] = free.bit_length() - 1
        for vertex in row:
            used[vertex] |= free
    return np.argsort(colour, kind="stable"), np.concatenate([[0], np.cumsum(np.bincount(colour))])
