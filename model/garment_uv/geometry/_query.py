"""Distances from points to a surface by a tree of its triangles, on the CPU or a CUDA device.

The tree finds the nearest triangle in float32, on a mesh scaled to [-1, 1]; the distance to it is then taken in
float64, so that what is left of float32 is of second order. Triangles without an area are the segments that they are.
"""

import numpy as np
import warp as wp

from garment_uv.geometry._nearest import nearest
from garment_uv.geometry._tree import Eight, build
from garment_uv.geometry.warp_device import warp_device

_RUN = 64
"""Points that one thread of the CPU measures in turn, each searched no farther than the one before it allows."""
_FAR = 1.0e9
"""Beyond every point, in units of the mesh's half extent."""
_MARGIN = 1.0e-5


@wp.func
def _to_segment(point: wp.vec3d, start: wp.vec3d, end: wp.vec3d):
    along = end - start
    squared = wp.dot(along, along)
    share = wp.float64(0.0)
    if squared > wp.float64(0.0):
        share = wp.clamp(wp.dot(point - start, along) / squared, wp.float64(0.0), wp.float64(1.0))
    return wp.length(start + share * along - point)


@wp.func
def _to_triangle(point: wp.vec3d, a: wp.vec3d, b: wp.vec3d, c: wp.vec3d):
    best = wp.min(wp.min(_to_segment(point, a, b), _to_segment(point, a, c)), _to_segment(point, b, c))
    normal = wp.cross(b - a, c - a)
    squared = wp.dot(normal, normal)
    if squared > wp.float64(0.0):
        to_b = wp.dot(normal, wp.cross(point - a, c - a)) / squared
        to_c = wp.dot(normal, wp.cross(b - a, point - a)) / squared
        if to_b >= wp.float64(0.0) and to_c >= wp.float64(0.0) and to_b + to_c <= wp.float64(1.0):
            best = wp.min(best, wp.length(a + to_b * (b - a) + to_c * (c - a) - point))
    return best


@wp.kernel(enable_backward=False)
def _distance_kernel(
    scale: wp.float64,
    run: wp.int32,
    vertices: wp.array(dtype=wp.vec3d),
    faces: wp.array(dtype=wp.int32, ndim=2),
    order: wp.array(dtype=wp.int32),
    triangles: wp.array(dtype=Eight, ndim=2),
    boxes: wp.array(dtype=Eight, ndim=2),
    children: wp.array(dtype=wp.int32),
    points: wp.array(dtype=wp.vec3d),
    distances: wp.array(dtype=wp.float64),
):
    first = wp.tid() * run
    reach = wp.float32(_FAR)
    for index in range(first, wp.min(first + run, points.shape[0])):
        point = points[index]
        if index > first:
            step = wp.float32(scale * (distances[index - 1] + wp.length(point - points[index - 1])))
            reach = step * (1.0 + _MARGIN) + _MARGIN
        scaled = wp.vec3(scale * point)
        place = nearest(scaled, reach, triangles, boxes, children)
        if place < 0:
            place = nearest(scaled, _FAR, triangles, boxes, children)
        face = order[wp.clamp(place, 0, faces.shape[0] - 1)]  # beyond _FAR the mesh is a dot: any triangle will do
        a = vertices[faces[face, 0]]
        b = vertices[faces[face, 1]]
        c = vertices[faces[face, 2]]
        distances[index] = _to_triangle(point, a, b, c)


def distances(points: np.ndarray, vertices: np.ndarray, faces: np.ndarray, device: str) -> np.ndarray:
    """Distance of each point [N, 3] to the surface (vertices [M, 3], faces [F, 3]), float64 [N] metres.

    All must be finite and float64, the vertices around the origin, the faces in range: `s2s` sees to it.
    """
    target = warp_device(device)
    scale = 1 / (np.abs(vertices).max() or 1.0)
    run = 1 if target.is_cuda else _RUN
    with wp.ScopedDevice(target):
        indices = wp.array(faces, dtype=wp.int32)
        tree = build(wp.array((scale * vertices).astype(np.float32), dtype=wp.vec3), indices)
        answer = wp.empty(len(points), dtype=wp.float64)
        exact = wp.array(vertices, dtype=wp.vec3d)
        inputs = [scale, run, exact, indices, tree.order, tree.triangles, tree.boxes, tree.children]
        inputs.append(wp.array(points, dtype=wp.vec3d))
        wp.launch(_distance_kernel, dim=-(-len(points) // run), inputs=inputs, outputs=[answer])
        return answer.numpy()
