"""Mesh operations whose result is a sparse matrix on the input's vertices, so that any pose can follow.

Faces are int32 [F, 4]; a triangle repeats its last vertex.
"""

import numpy as np
import scipy.sparse as sp

SNAP = 0.35
"""A vertex nearer to a cut than this share of its edge is moved onto the cut, which avoids slivers."""


def split_quads(faces: np.ndarray) -> np.ndarray:
    """Triangles int32 [T, 3] of `faces`, each quad split in two."""
    quads = faces[:, 2] != faces[:, 3]
    return np.concatenate([faces[:, :3], faces[quads][:, [0, 2, 3]]]).astype(np.int32)


def edges_of(faces: np.ndarray) -> np.ndarray:
    """Unique undirected edges, int64 [E, 2], smaller index first."""
    pairs = np.concatenate([faces[:, [i, (i + 1) % 4]] for i in range(4)])
    pairs = np.sort(pairs[pairs[:, 0] != pairs[:, 1]].astype(np.int64), axis=1)
    size = int(faces.max()) + 1 if len(faces) else 1
    codes = np.unique(pairs[:, 0] * size + pairs[:, 1])
    return np.stack([codes // size, codes % size], axis=1)


def neighbour_mean(faces: np.ndarray, count: int) -> sp.csr_matrix:
    """Weights [count, count] that put each vertex in the middle of those it has an edge with."""
    edges = edges_of(faces)
    both = np.concatenate([edges, edges[:, ::-1]])
    links = sp.csr_matrix((np.ones(len(both)), (both[:, 0], both[:, 1])), shape=(count, count))
    degree = np.asarray(links.sum(axis=1)).ravel()
    return (sp.diags(1.0 / np.maximum(degree, 1)) @ links).tocsr()


def border_vertices(faces: np.ndarray) -> np.ndarray:
    """Vertices of edges that only one face has, sorted."""
    directed = np.concatenate([faces[:, [i, (i + 1) % 4]] for i in range(4)]).astype(np.int64)
    directed = np.sort(directed[directed[:, 0] != directed[:, 1]], axis=1)
    size = int(faces.max()) + 1
    codes, uses = np.unique(directed[:, 0] * size + directed[:, 1], return_counts=True)
    rim = codes[uses == 1]
    return np.unique(np.concatenate([rim // size, rim % size]))


def subdivide(faces: np.ndarray, count: int) -> tuple[sp.csr_matrix, np.ndarray]:
    """One Catmull-Clark step (1978) of a mesh of `count` vertices: weights [N, count] and quads [4F', 4].

    Triangles become three quads. Border vertices follow the cubic B-spline rule of their border.
    """
    edges = edges_of(faces)
    codes = edges[:, 0] * count + edges[:, 1]
    is_quad = faces[:, 2] != faces[:, 3]
    sides = np.where(is_quad, 4, 3)
    corner_face = np.repeat(np.arange(len(faces)), sides)
    corner = np.arange(len(corner_face)) - np.repeat(np.cumsum(sides) - sides, sides)
    after = (corner + 1) % sides[corner_face]
    before = (corner - 1) % sides[corner_face]

    def edge_index(one: np.ndarray, other: np.ndarray) -> np.ndarray:
        low, high = np.minimum(one, other), np.maximum(one, other)
        return np.searchsorted(codes, low.astype(np.int64) * count + high)

    here = faces[corner_face, corner]
    next_edge = edge_index(here, faces[corner_face, after])
    last_edge = edge_index(faces[corner_face, before], here)
    face_points = sp.csr_matrix((1.0 / sides[corner_face], (corner_face, here)), shape=(len(faces), count))
    ones = np.ones(2 * len(edges))
    ends = sp.csr_matrix((ones, (np.repeat(np.arange(len(edges)), 2), edges.ravel())), shape=(len(edges), count))
    edge_faces = sp.csr_matrix((np.ones(len(next_edge)), (next_edge, corner_face)), shape=(len(edges), len(faces)))
    on_border = np.asarray(edge_faces.sum(axis=1)).ravel() == 1
    inner = sp.diags((~on_border).astype(float))
    edge_points = sp.diags(on_border * 0.5) @ ends + inner @ (0.25 * ends + 0.25 * (edge_faces @ face_points))
    vertex_points = _vertex_points(count, edges, ends, on_border, corner_face, here, face_points)
    weights = sp.vstack([vertex_points, edge_points, face_points]).tocsr()
    quads = np.stack([here, count + next_edge, count + len(edges) + corner_face, count + last_edge], axis=1)
    return weights, quads.astype(np.int32)


def _vertex_points(count, edges, ends, on_border, corner_face, here, face_points):
    """Rows of the moved old vertices: (F + 2R + (n - 3) P) / n inside, (a + 6P + b) / 8 on a border."""
    valence = np.bincount(here, minlength=count).astype(float)
    border = np.zeros(count, dtype=bool)
    border[edges[on_border]] = True
    safe = np.maximum(valence, 1.0)
    around = sp.csr_matrix((np.ones(len(here)), (here, corner_face)), shape=(count, face_points.shape[0]))
    incident = ends.T.tocsr()
    degree = np.maximum(np.asarray(incident.sum(axis=1)).ravel(), 1.0)
    inside = (
        sp.diags(1 / safe**2) @ around @ face_points
        + sp.diags(1.0 / (safe * degree)) @ incident @ ends
        + sp.diags((safe - 3.0) / safe)
    )
    rims = ends[on_border]
    along = rims.T @ rims
    rim = 0.125 * along + sp.diags(np.full(count, 0.5))
    keep = border.astype(float)
    return sp.diags(1.0 - keep) @ inside + sp.diags(keep) @ rim


def clip(weights: sp.csr_matrix, faces: np.ndarray, field: np.ndarray) -> tuple[sp.csr_matrix, np.ndarray]:
    """The part of a mesh where `field` [N] > 0, cut along its zero line; weights and faces of what is left.

    New vertices are linear on their edges. Raises ValueError where nothing is left.
    """
    weights, field = _snap(weights.tocsr(), faces, np.asarray(field, dtype=np.float64))
    inside = field > 0
    outside = field < 0
    whole = ~outside[faces].any(axis=1) & inside[faces].any(axis=1)
    mixed = outside[faces].any(axis=1) & inside[faces].any(axis=1)
    cuts: dict[tuple[int, int], int] = {}
    polygons: list[list[int]] = []
    for face in faces[mixed]:
        corners = [int(v) for v in (face if face[2] != face[3] else face[:3])]
        polygon: list[int] = []
        for one, other in zip(corners, corners[1:] + corners[:1], strict=True):
            if not outside[one]:
                polygon.append(one)
            if outside[one] != outside[other] and field[one] != 0 and field[other] != 0:
                key = (min(one, other), max(one, other))
                polygon.append(cuts.setdefault(key, len(field) + len(cuts)))
        polygons.extend(_quads(polygon))
    new = np.array(list(cuts), dtype=np.int64).reshape(-1, 2)
    share = field[new[:, 0]] / (field[new[:, 0]] - field[new[:, 1]])
    added = sp.diags(1 - share) @ weights[new[:, 0]] + sp.diags(share) @ weights[new[:, 1]]
    kept = np.concatenate([faces[whole], np.array(polygons, dtype=np.int32).reshape(-1, 4)])
    if not len(kept):
        raise ValueError("the cut leaves nothing of the garment")
    return compact(sp.vstack([weights, added]).tocsr(), kept)


def compact(weights: sp.csr_matrix, faces: np.ndarray) -> tuple[sp.csr_matrix, np.ndarray]:
    """The same mesh without vertices that no face uses."""
    used, renumbered = np.unique(faces, return_inverse=True)
    return weights[used], renumbered.reshape(faces.shape).astype(np.int32)


def _snap(weights: sp.csr_matrix, faces: np.ndarray, field: np.ndarray) -> tuple[sp.csr_matrix, np.ndarray]:
    """Move vertices close to the zero line onto it, along the edge that reaches it soonest."""
    edges = edges_of(faces)
    crossing = edges[field[edges[:, 0]] * field[edges[:, 1]] < 0]
    start = np.concatenate([crossing[:, 0], crossing[:, 1]])
    end = np.concatenate([crossing[:, 1], crossing[:, 0]])
    share = field[start] / (field[start] - field[end])
    order = np.lexsort((share, start))
    start, end, share = start[order], end[order], share[order]
    first = np.concatenate([[True], start[1:] != start[:-1]]) if len(start) else np.zeros(0, dtype=bool)
    chosen = first & (share < SNAP)
    start, end, share = start[chosen], end[chosen], share[chosen]
    keep = np.ones(len(field))
    keep[start] = 1 - share
    move = sp.csr_matrix((share, (start, end)), shape=(len(field), len(field)))
    field = field.copy()
    field[start] = 0.0
    return (sp.diags(keep) + move) @ weights, field


def _quads(polygon: list[int]) -> list[list[int]]:
    """A convex polygon of up to six corners as quads and triangles."""
    pieces = []
    while len(polygon) >= 3:
        piece = polygon[:4]
        pieces.append(piece if len(piece) == 4 else [*piece, piece[-1]])
        polygon = [polygon[0], *polygon[3:]]
    return pieces
