"""Cutting an island into six convex-mappable pieces: chest, belly, two arms, two legs."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import dijkstra

from garment_uv.errors import UserError
from garment_uv.geometry.edges import edge_lengths, face_components, unique_edges
from garment_uv.uv.landmarks import Outline


@dataclass(frozen=True)
class Cuts:
    """Shortest edge paths through an island that meet only at their ends; arrays of vertices.

    No edge of the mesh joins two vertices of one path but the path's own.
    """

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
    graph = _edge_graph(rest, island_faces)
    blocked = np.zeros(len(rest), dtype=bool)
    blocked[outline.loop] = True

    chest = _wanted(_shortest(graph, blocked, outline.vertex(outline.armpits[0]), outline.vertex(outline.armpits[1])))
    blocked[chest] = True
    arms = []
    for shoulder, ends in zip(outline.shoulders, (chest, chest[::-1]), strict=True):
        tries = (_shortest(graph, blocked, outline.vertex(shoulder), int(end)) for end in ends[: len(ends) // 3 + 1])
        arms.append(_wanted(next((path for path in tries if path is not None), None)))
        blocked[arms[-1]] = True
    hips = _wanted(_shortest(graph, blocked, outline.vertex(outline.hips[0]), outline.vertex(outline.hips[1])))
    apart = np.linalg.norm(rest[hips[1:-1]] - rest[outline.vertex(outline.crotch)], axis=1)
    blocked[hips] = True
    tries = (
        _shortest(graph, blocked, outline.vertex(outline.crotch), int(hips[1 + end]))
        for end in np.argsort(apart, kind="stable")
    )
    crotch = _wanted(next((path for path in tries if path is not None), None))
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


def _shortest(graph: sp.csr_matrix, blocked: np.ndarray, start: int, end: int) -> np.ndarray | None:
    """The shortest path whose inner vertices are not blocked, or None."""
    allowed = ~blocked
    allowed[[start, end]] = True
    keep = sp.diags(allowed.astype(float))
    open_graph = (keep @ graph @ keep).tocsr()
    open_graph.eliminate_zeros()
    _, before = dijkstra(open_graph, directed=False, indices=start, return_predecessors=True)
    path = [end]
    while path[-1] != start:
        if before[path[-1]] < 0:
            return None
        path.append(int(before[path[-1]]))
    return np.array(path[::-1], dtype=np.int64)


def _wanted(path: np.ndarray | None) -> np.ndarray:
    if path is None:
        raise UserError("a UV island is too narrow to be cut at a limb: use a finer body topology")
    return path
