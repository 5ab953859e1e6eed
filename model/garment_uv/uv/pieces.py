"""Cutting an island into six pieces (chest, belly, two arms, two legs), and flattening each by mean values."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import spsolve

from garment_uv.errors import UserError
from garment_uv.geometry.edges import cheapest_path, directed_edges, edge_lengths, face_components, unique_edges
from garment_uv.uv.outline import Outline


@dataclass(frozen=True)
class Cuts:
    """Shortest edge paths through an island, arrays of vertices, that meet only at their ends, and have no chord."""

    chest: np.ndarray
    """Armpit 0 to armpit 1."""
    arms: tuple[np.ndarray, np.ndarray]
    """Shoulder to a vertex of `chest` at or next to the armpit, per side."""
    hips: np.ndarray
    """Hip 0 to hip 1, above the crotch."""
    crotch: np.ndarray
    """Crotch to the nearest vertex of `hips`."""


def cut(rest: np.ndarray, island_faces: np.ndarray, outline: Outline) -> Cuts:
    """The cuts of one island; UserError when a limb is too narrow to be cut."""

    def ends_of(pair: tuple[int, int]) -> tuple[int, list[int]]:
        return outline.vertex(pair[0]), [outline.vertex(pair[1])]

    graph = _edge_graph(rest, island_faces)
    blocked = np.zeros(len(rest), dtype=bool)
    blocked[outline.loop] = True

    chest = _first_path(graph, blocked, *ends_of(outline.armpits))
    blocked[chest] = True
    arms = []
    for shoulder, ends in zip(outline.shoulders, (chest, chest[::-1]), strict=True):
        arms.append(_first_path(graph, blocked, outline.vertex(shoulder), ends[: len(ends) // 3 + 1]))
        blocked[arms[-1]] = True
    hips = _first_path(graph, blocked, *ends_of(outline.hips))
    apart = np.linalg.norm(rest[hips[1:-1]] - rest[outline.vertex(outline.crotch)], axis=1)
    blocked[hips] = True
    crotch = _first_path(graph, blocked, outline.vertex(outline.crotch), hips[1 + np.argsort(apart, kind="stable")])
    return Cuts(chest=chest, arms=(arms[0], arms[1]), hips=hips, crotch=crotch)


def split(island_faces: np.ndarray, cuts: Cuts) -> np.ndarray:
    """Piece number 0..5 of each island face [Fi]: pieces are what the cuts leave connected."""
    paths = (cuts.chest, *cuts.arms, cuts.hips, cuts.crotch)
    walls = np.concatenate([np.stack([path[:-1], path[1:]], axis=1) for path in paths])
    labels = face_components(island_faces, walls)
    found = labels.max() + 1
    if found != 6:
        raise UserError(f"a UV island falls into {found} pieces, wanted 6: mend the body topology's islands")
    return labels


def _edge_graph(rest: np.ndarray, faces: np.ndarray) -> sp.csr_matrix:
    edges, _, _ = unique_edges(faces)
    lengths = edge_lengths(rest.astype(np.float64), edges)
    graph = sp.coo_matrix((lengths, (edges[:, 0], edges[:, 1])), shape=(len(rest), len(rest)))
    return (graph + graph.T).tocsr()


def _first_path(graph: sp.csr_matrix, blocked: np.ndarray, start: int, ends: Iterable[int]) -> np.ndarray:
    """The shortest path whose inner vertices are not blocked, to the first of `ends` that has one."""
    for end in map(int, ends):
        allowed = ~blocked
        allowed[[start, end]] = True
        keep = sp.diags(allowed.astype(float))
        open_graph = (keep @ graph @ keep).tocsr()
        open_graph.eliminate_zeros()
        if (path := cheapest_path(open_graph, start, end)) is not None:
            return np.array(path, dtype=np.int64)
    raise UserError("a UV island is too narrow to be cut at a limb: use a finer body topology")


SHORT = 0.7
"""Shortest edge that the weights tell apart, in medians of the piece's edges."""


@dataclass(frozen=True)
class Spacing:
    """How far apart a piece's vertices are to lie on the canvas, at least."""

    texels: float
    scale: np.ndarray
    """[2] texels of a unit of the layout, along x and y."""


ROUNDS = 24
"""Times that the weights of crowded vertices are lowered."""
_RELIEF = 0.25
"""By how much at most in one of them."""


def embed(
    rest: np.ndarray, faces: np.ndarray, fixed: np.ndarray, positions: np.ndarray, spacing: Spacing | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Positions [N, 2] of the disk's vertices, and those vertices [N].

    `fixed` [L] holds the boundary's vertices and `positions` [L, 2] where they go: a strictly convex polygon, or
    straight sides that no inner edge of the mesh runs along. Every inner vertex is then a convex combination of its
    neighbours, which never flips a triangle (Floater 1997), whatever the weights. With `spacing` those of vertices
    among small triangles are lowered, again and again, until they lie apart (after Yoshizawa et al. 2004).
    """
    vertices, local = np.unique(faces, return_inverse=True)
    local = local.reshape(faces.shape)
    weights = mean_value_weights(rest[vertices].astype(np.float64), local)
    is_fixed = np.isin(vertices, fixed)
    flat = np.zeros((len(vertices), 2))
    flat[np.searchsorted(vertices, fixed)] = positions
    inner = np.flatnonzero(~is_fixed)
    if not len(inner):
        return flat, vertices
    _solve(weights, inner, is_fixed, flat)
    for _ in range(ROUNDS if spacing else 0):
        assert spacing is not None
        weights.data *= _room(flat * spacing.scale, local, spacing.texels)[weights.indices]
        _solve(weights, inner, is_fixed, flat)
    return flat, vertices


def _solve(weights: sp.csr_matrix, inner: np.ndarray, is_fixed: np.ndarray, flat: np.ndarray) -> None:
    """Puts the vertices `inner` of `flat` [N, 2] at the weighted means of their neighbours."""
    rows = sp.diags(1.0 / np.asarray(weights.sum(axis=1)).ravel()[inner]) @ weights[inner]
    system = sp.identity(len(inner), format="csc") - rows[:, inner].tocsc()
    flat[inner] = spsolve(system, rows[:, np.flatnonzero(is_fixed)] @ flat[is_fixed])


def _room(points: np.ndarray, faces: np.ndarray, wanted: float) -> np.ndarray:
    """[N] the mean area around each of `points` [N, 2], as a share of that of even triangles of `wanted`, at most 1."""
    one, two = points[faces[:, 1]] - points[faces[:, 0]], points[faces[:, 2]] - points[faces[:, 0]]
    areas = 0.5 * np.abs(one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0])
    around = np.bincount(faces.ravel(), np.repeat(areas, 3)) / np.bincount(faces.ravel())
    return np.clip(around / (np.sqrt(3) / 4 * wanted**2), _RELIEF, 1.0)


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
