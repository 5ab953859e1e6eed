"""Cutting an island into six convex-mappable pieces: chest, belly, two arms, two legs."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components, dijkstra

from garment_uv.errors import UserError
from garment_uv.uv.landmarks import Outline


@dataclass(frozen=True)
class Cuts:
    """Shortest edge paths through an island, each from one outline vertex to another; arrays of vertices."""

    chest: np.ndarray
    """Armpit 0 to armpit 1."""
    arms: tuple[np.ndarray, np.ndarray]
    """Shoulder to armpit, per side."""
    legs: tuple[np.ndarray, np.ndarray]
    """Crotch to hip, per side."""


def cut(rest: np.ndarray, island_faces: np.ndarray, outline: Outline) -> Cuts:
    """Five paths that meet only at their ends; no edge of the mesh joins two vertices of one path but its own."""
    graph = _edge_graph(rest, island_faces)
    blocked = np.zeros(len(rest), dtype=bool)
    blocked[outline.loop] = True

    def path(start: int, end: int) -> np.ndarray:
        found = _shortest(graph, blocked, outline.vertex(start), outline.vertex(end))
        blocked[found] = True
        return found

    return Cuts(
        chest=path(outline.armpits[0], outline.armpits[1]),
        arms=tuple(path(s, a) for s, a in zip(outline.shoulders, outline.armpits, strict=True)),
        legs=tuple(path(outline.crotch, hip) for hip in outline.hips),
    )


def split(island_faces: np.ndarray, cuts: Cuts) -> np.ndarray:
    """Piece number 0..5 of each island face [Fi]: pieces are what the cuts leave connected."""
    walls = {tuple(sorted(edge)) for p in (cuts.chest, *cuts.arms, *cuts.legs) for edge in zip(p[:-1], p[1:], strict=True)}
    owner: dict[tuple[int, int], int] = {}
    pairs = []
    for number, face in enumerate(island_faces.tolist()):
        for a, b in ((0, 1), (1, 2), (2, 0)):
            edge = (min(face[a], face[b]), max(face[a], face[b]))
            if edge in walls:
                continue
            if edge in owner:
                pairs.append((owner[edge], number))
            owner[edge] = number
    count = len(island_faces)
    rows, columns = np.array(pairs).T
    graph = sp.coo_matrix((np.ones(len(rows)), (rows, columns)), shape=(count, count))
    found, labels = connected_components(graph, directed=False)
    if found != 6:
        raise UserError(f"a UV island falls into {found} pieces, wanted 6: mend the body topology's islands")
    return labels


def _edge_graph(rest: np.ndarray, faces: np.ndarray) -> sp.csr_matrix:
    edges = np.unique(np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1), axis=0)
    lengths = np.linalg.norm(rest[edges[:, 0]].astype(np.float64) - rest[edges[:, 1]], axis=1)
    graph = sp.coo_matrix((lengths, (edges[:, 0], edges[:, 1])), shape=(len(rest), len(rest)))
    return (graph + graph.T).tocsr()


def _shortest(graph: sp.csr_matrix, blocked: np.ndarray, start: int, end: int) -> np.ndarray:
    allowed = ~blocked
    allowed[[start, end]] = True
    keep = sp.diags(allowed.astype(float))
    open_graph = (keep @ graph @ keep).tocsr()
    open_graph.eliminate_zeros()
    _, before = dijkstra(open_graph, directed=False, indices=start, return_predecessors=True)
    path = [end]
    while path[-1] != start:
        if before[path[-1]] < 0:
            raise UserError("a UV island is too narrow to cut at a limb: use a finer body topology")
        path.append(int(before[path[-1]]))
    return np.array(path[::-1], dtype=np.int64)
