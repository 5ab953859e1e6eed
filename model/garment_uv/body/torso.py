"""The part of a body that clothes cover, without head, hands and feet, and the seams that part it in two. Ours."""

import numpy as np
from scipy import sparse

from garment_uv.body.skeleton import JOINT_NAMES, NUM_JOINTS
from garment_uv.geometry.edges import (
    boundary_loops,
    cheapest_path,
    edge_lengths,
    face_components,
    largest_component,
    unique_edges,
)
from garment_uv.geometry.normals import vertex_normals

CUTS: dict[str, tuple[str, str, float]] = {
    "neck": ("neck", "head", 0.35),
    "left_wrist": ("left_elbow", "left_wrist", 1.0),
    "right_wrist": ("right_elbow", "right_wrist", 1.0),
    "left_ankle": ("left_knee", "left_ankle", 0.96),
    "right_ankle": ("right_knee", "right_ankle", 0.96),
}
"""Opening to the plane across the bone between two joints, at this fraction of it; what lies beyond is dropped."""


def torso_faces(vertices: np.ndarray, joints: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Mask bool [F] of the faces between neck, wrists and ankles of a body in T-pose, z-up: [V, 3] and joints [24, 3].

    ValueError unless the cut surface is one piece that opens at exactly these five places.
    """
    inside = np.ones(len(vertices), dtype=bool)
    for start_name, end_name, fraction in CUTS.values():
        start, end = (joints[JOINT_NAMES.index(name)] for name in (start_name, end_name))
        inside &= (vertices - (start + fraction * (end - start))) @ (end - start) < 0.0
    mask = inside[faces].all(axis=1)
    mask[mask] = largest_component(faces[mask])
    mask = _without_teeth(faces, mask)
    loops = boundary_loops(faces[mask])
    if len(loops) != len(CUTS):
        raise ValueError(f"a body without head, hands and feet has 5 openings, this one has {len(loops)}")
    return mask


def openings(vertices: np.ndarray, joints: np.ndarray, faces: np.ndarray) -> dict[str, np.ndarray]:
    """The five boundary loops of the trunk's faces by name: each is the loop nearest to its cut."""
    loops = boundary_loops(faces)
    centres = np.stack([vertices[loop].mean(axis=0) for loop in loops])
    named = {}
    for name, (start_name, end_name, fraction) in CUTS.items():
        start, end = (joints[JOINT_NAMES.index(joint)] for joint in (start_name, end_name))
        nearest = np.linalg.norm(centres - (start + fraction * (end - start)), axis=1).argmin()
        named[name] = loops[nearest]
    if len({int(loop[0]) for loop in named.values()}) != len(CUTS):
        raise ValueError("two openings of the trunk share a boundary loop")
    return named


def check_joints(joints: np.ndarray) -> None:
    """ValueError unless joints are finite [24, 3]."""
    if joints.shape != (NUM_JOINTS, 3) or not np.isfinite(joints).all():
        raise ValueError(f"joints must be finite [24, 3], were given as {joints.shape}")


def _without_teeth(faces: np.ndarray, mask: np.ndarray, passes: int = 6) -> np.ndarray:
    """Drop faces with all three corners on the boundary: the teeth and tongues that a plane leaves on a grid."""
    mask = mask.copy()
    for _ in range(passes):
        kept = np.flatnonzero(mask)
        edges, _, counts = unique_edges(faces[kept])
        thin = np.isin(faces[kept], edges[counts == 1]).all(axis=1)
        if not thin.any():
            break
        mask[kept[thin]] = False
    mask[mask] = largest_component(faces[mask])
    return mask


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
    path = cheapest_path(graph, start, end)
    if path is None:
        raise ValueError(f"no path for the seam {name!r}: the body's surface is not connected there")
    return np.array(_without_detours(path, pairs))


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
