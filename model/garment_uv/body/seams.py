"""The five seams that part a body into front and back, along the silhouette seen from the front. Ours."""

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import dijkstra

from garment_uv.geometry.edges import edge_lengths, face_components, unique_edges
from garment_uv.geometry.normals import vertex_normals

_LEFT = np.array([1.0, 0.0, 0.0])
_UP = np.array([0.0, 0.0, 1.0])

SEAMS: dict[str, tuple[tuple[str, np.ndarray], tuple[str, np.ndarray]]] = {
    "left_arm": (("neck", _LEFT), ("left_wrist", _UP)),
    "right_arm": (("neck", -_LEFT), ("right_wrist", _UP)),
    "left_side": (("left_wrist", -_UP), ("left_ankle", _LEFT)),
    "right_side": (("right_wrist", -_UP), ("right_ankle", -_LEFT)),
    "inner_legs": (("left_ankle", -_LEFT), ("right_ankle", _LEFT)),
}
"""Seam to the openings it joins; at each it starts at the loop's extreme vertex in that direction."""

_SHORTNESS = 0.15
"""What a metre of seam costs where the surface faces sideways, against 1 where it faces front or back."""


def find_seams(vertices: np.ndarray, faces: np.ndarray, loops: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Vertex paths int [N] of the five seams on a torso in T-pose, z-up, facing -y; no two share a vertex.

    Each is the shortest edge path that keeps to where the normal points neither front nor back. Joined end to end
    through the openings they close a ring, so cutting along them leaves two disks.
    """
    edges, _, _ = unique_edges(faces)
    facing = np.abs(vertex_normals(vertices.astype(np.float64), faces)[:, 1])
    costs = edge_lengths(vertices, edges) * (_SHORTNESS + facing[edges].mean(axis=1))
    free = np.ones(len(vertices), dtype=bool)
    free[np.concatenate(list(loops.values()))] = False
    paths = {}
    for name, ends in SEAMS.items():
        start, end = (int(loops[loop][(vertices[loops[loop]] @ towards).argmax()]) for loop, towards in ends)
        allowed = free.copy()
        allowed[[start, end]] = True
        paths[name] = _shortest_path(edges, costs, allowed, start, end, name)
        free[paths[name]] = False
    return paths


def front_and_back(vertices: np.ndarray, faces: np.ndarray, seams: dict[str, np.ndarray]) -> np.ndarray:
    """Island int8 [F] of each face: 0 front (towards -y), 1 back. ValueError unless the seams leave two pieces."""
    cut = np.concatenate([np.stack([path[:-1], path[1:]], axis=1) for path in seams.values()])
    labels = face_components(faces, cut)
    if labels.max() != 1:
        raise ValueError(f"the seams part the body into {labels.max() + 1} pieces, not front and back")
    depth = vertices[faces].mean(axis=1)[:, 1]
    front = 0 if depth[labels == 0].mean() < depth[labels == 1].mean() else 1
    return (labels != front).astype(np.int8)


def _shortest_path(
    edges: np.ndarray, costs: np.ndarray, allowed: np.ndarray, start: int, end: int, name: str
) -> np.ndarray:
    usable = allowed[edges].all(axis=1)
    pairs = edges[usable]
    graph = sparse.coo_matrix((costs[usable], (pairs[:, 0], pairs[:, 1])), shape=(len(allowed),) * 2).tocsr()
    _, before = dijkstra(graph, directed=False, indices=start, return_predecessors=True)
    path = [end]
    while path[-1] != start:
        previous = int(before[path[-1]])
        if previous < 0:
            raise ValueError(f"no path for the seam {name!r}: the body's surface is not connected there")
        path.append(previous)
    return np.array(_without_detours(path[::-1], pairs))


def _without_detours(path: list[int], pairs: np.ndarray) -> list[int]:
    """Skip a vertex whose neighbours on the path share an edge: no face then has two edges on one seam."""
    adjacent = {tuple(pair) for pair in pairs.tolist()}
    straight = path[:1]
    position = 0
    while position < len(path) - 1:
        step = position + 1
        while step + 1 < len(path) and tuple(sorted((path[position], path[step + 1]))) in adjacent:
            step += 1
        straight.append(path[step])
        position = step
    return straight
