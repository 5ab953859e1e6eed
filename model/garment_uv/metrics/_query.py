"""Distances from points to a surface by warp's bounding-volume tree, on the CPU or a CUDA device.

The tree finds the nearest triangle in float32; the distance to it is then taken in float64, so that what is
left of float32 is of second order. Only the unsigned query is used. It passes over slivers, so these are held
as segments (their longest edge) and searched one by one: a sound mesh has none.
"""

import numpy as np
import warp as wp

from garment_uv.metrics.warp_device import warp_device

_FLAT = 1.5e-6
"""Twice a triangle's area over its squared edges: under it a sliver. Warp passes over those under 1e-6."""
_FAR = 1.0e6
"""Beyond every mesh, metres."""


@wp.kernel(enable_backward=False)
def _distance_kernel(
    mesh: wp.uint64,
    far: wp.float32,
    vertices: wp.array(dtype=wp.vec3d),
    faces: wp.array(dtype=wp.int32),
    segments: wp.array(dtype=wp.vec3d),
    points: wp.array(dtype=wp.vec3d),
    distances: wp.array(dtype=wp.float64),
):
    index = wp.tid()
    point = points[index]
    best = wp.float64(far)
    if mesh != wp.uint64(0):
        near = wp.mesh_query_point_no_sign(mesh, wp.vec3(point), far)
        if near.result:
            u = wp.float64(near.u)
            v = wp.float64(near.v)
            a = vertices[faces[near.face * 3]]
            b = vertices[faces[near.face * 3 + 1]]
            c = vertices[faces[near.face * 3 + 2]]
            best = wp.length(u * a + v * b + (wp.float64(1.0) - u - v) * c - point)
    for segment in range(segments.shape[0] // 2):
        start = segments[segment * 2]
        along = segments[segment * 2 + 1] - start
        squared = wp.dot(along, along)
        share = wp.float64(0.0)
        if squared > wp.float64(0.0):
            share = wp.clamp(wp.dot(point - start, along) / squared, wp.float64(0.0), wp.float64(1.0))
        best = wp.min(best, wp.length(start + share * along - point))
    distances[index] = best


def distances(points: np.ndarray, vertices: np.ndarray, faces: np.ndarray, device: str) -> np.ndarray:
    """Distance of each point [N, 3] to the surface (vertices [M, 3], faces [F, 3]), float64 [N] metres.

    All must be finite, float64 and near the origin, the faces in range: `s2s` sees to it.
    """
    target = warp_device(device)
    rounded = vertices.astype(np.float32)
    sliver = _slivers(rounded, faces)
    solid = np.ascontiguousarray(faces[~sliver], np.int32).reshape(-1)
    with wp.ScopedDevice(target):
        indices = wp.array(solid, dtype=wp.int32)
        mesh = wp.Mesh(wp.array(rounded, dtype=wp.vec3), indices) if len(solid) else None
        answer = wp.empty(len(points), dtype=wp.float64)
        inputs = [
            wp.uint64(mesh.id if mesh else 0),
            _FAR,
            wp.array(vertices, dtype=wp.vec3d),
            indices,
            wp.array(_longest_edges(vertices, faces[sliver]), dtype=wp.vec3d),
            wp.array(points, dtype=wp.vec3d),
        ]
        wp.launch(_distance_kernel, dim=len(points), inputs=inputs, outputs=[answer])
        return answer.numpy()


def _slivers(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Which faces warp may pass over, bool [F]; `vertices` float32 as warp sees them."""
    a, b, c = vertices[faces[:, 0]], vertices[faces[:, 1]], vertices[faces[:, 2]]
    doubled = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    squared = ((b - a) ** 2 + (c - a) ** 2 + (c - b) ** 2).sum(axis=1)
    return ~(doubled > _FLAT * squared)


def _longest_edges(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Ends of each face's longest edge, float64 [2 F, 3]."""
    corners = vertices[faces]
    following = np.roll(corners, -1, axis=1)
    longest = np.linalg.norm(following - corners, axis=2).argmax(axis=1)
    rows = np.arange(len(faces))
    return np.stack([corners[rows, longest], following[rows, longest]], axis=1).reshape(-1, 3)
