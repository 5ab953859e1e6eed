"""Distances from points to a surface by a tree of its triangles, on the CPU or a CUDA device.

The tree finds the nearest triangle in float32, on a mesh scaled to [-1, 1]; the distance to it is then taken in
float64, so that what is left of float32 is of second order. Triangles without an area are the segments that they are.

The two functions of a node are in C++, as loops that compilers turn into vector instructions, which they do not with
what warp makes of vectors of eight; on a CUDA device they are loops like any other.
"""

import numpy as np
import warp as wp

from garment_uv.geometry._tree import BOX, TRIANGLE, WIDTH, Eight, build
from garment_uv.geometry.warp_device import warp_device

_BOXES = f"""
    const float* box = (const float*)boxes.data + node * {BOX * WIDTH};
    wp::vec_t<{WIDTH}, wp::float32> found;
    for (int k = 0; k < {WIDTH}; ++k) {{
        float x = box[k] - p[0], y = box[{WIDTH} + k] - p[1], z = box[{2 * WIDTH} + k] - p[2];
        float u = p[0] - box[{3 * WIDTH} + k], v = p[1] - box[{4 * WIDTH} + k], w = p[2] - box[{5 * WIDTH} + k];
        x = x > u ? x : u; y = y > v ? y : v; z = z > w ? z : w;
        x = x > 0.0f ? x : 0.0f; y = y > 0.0f ? y : 0.0f; z = z > 0.0f ? z : 0.0f;
        found[k] = x * x + y * y + z * z;
    }}
    return found;
"""

_TO_EDGE = """
        share = ({p}x * {e}x + {p}y * {e}y + {p}z * {e}z) * t[{inverse} + k];
        share = share > 0.0f ? share : 0.0f; share = share < 1.0f ? share : 1.0f;
        x = {p}x - share * {e}x; y = {p}y - share * {e}y; z = {p}z - share * {e}z;
        other = x * x + y * y + z * z;
        best = best < other ? best : other;
"""

_TRIANGLES = f"""
    const float* t = (const float*)triangles.data + leaf * {TRIANGLE * WIDTH};
    wp::vec_t<{WIDTH}, wp::float32> found;
    for (int k = 0; k < {WIDTH}; ++k) {{
        float px = p[0] - t[k], py = p[1] - t[{WIDTH} + k], pz = p[2] - t[{2 * WIDTH} + k];
        float bx = t[{3 * WIDTH} + k], by = t[{4 * WIDTH} + k], bz = t[{5 * WIDTH} + k];
        float cx = t[{6 * WIDTH} + k], cy = t[{7 * WIDTH} + k], cz = t[{8 * WIDTH} + k];
        float dx = cx - bx, dy = cy - by, dz = cz - bz, qx = px - bx, qy = py - by, qz = pz - bz;
        float best = 1e30f, share, other, x, y, z;
        {_TO_EDGE.format(p="p", e="b", inverse=9 * WIDTH)}
        {_TO_EDGE.format(p="p", e="c", inverse=10 * WIDTH)}
        {_TO_EDGE.format(p="q", e="d", inverse=11 * WIDTH)}
        float nx = by * cz - bz * cy, ny = bz * cx - bx * cz, nz = bx * cy - by * cx, inverse = t[{12 * WIDTH} + k];
        float to_b = nx * (py * cz - pz * cy) + ny * (pz * cx - px * cz) + nz * (px * cy - py * cx);
        float to_c = nx * (by * pz - bz * py) + ny * (bz * px - bx * pz) + nz * (bx * py - by * px);
        to_b *= inverse; to_c *= inverse;
        x = px - to_b * bx - to_c * cx; y = py - to_b * by - to_c * cy; z = pz - to_b * bz - to_c * cz;
        other = x * x + y * y + z * z;
        float low = to_b < to_c ? to_b : to_c, to_a = 1.0f - to_b - to_c;
        low = low < to_a ? low : to_a;
        other = low >= 0.0f ? other : best;
        found[k] = best < other ? best : other;
    }}
    return found;
"""


@wp.func_native(_BOXES)
def _to_boxes(boxes: wp.array(dtype=Eight, ndim=2), node: wp.int32, p: wp.vec3) -> Eight: ...


@wp.func_native(_TRIANGLES)
def _to_triangles(triangles: wp.array(dtype=Eight, ndim=2), leaf: wp.int32, p: wp.vec3) -> Eight: ...


_STACK = 64
"""Seven places a level and one: nine levels, of a thousand million triangles."""
_Nodes = wp.types.vector(length=_STACK, dtype=wp.int32)
_Squares = wp.types.vector(length=_STACK, dtype=wp.float32)


@wp.func
def nearest(
    point: wp.vec3,
    within: wp.float32,
    triangles: wp.array(dtype=Eight, ndim=2),
    boxes: wp.array(dtype=Eight, ndim=2),
    children: wp.array(dtype=wp.int32),
):
    """Place along the curve of the triangle nearest to a point, if one is closer than `within`; else -1."""
    best, place = within * within, wp.int32(-1)
    nodes, squares, count = _Nodes(), _Squares(), wp.int32(1)
    nodes[0] = boxes.shape[0] - 1
    while count > 0:
        count = count - 1
        node = nodes[count]
        if squares[count] >= best:
            continue
        if node < 0:
            found = _to_triangles(triangles, -node - 1, point)
            for k in range(WIDTH):
                if found[k] < best:
                    best = found[k]
                    place = (-node - 1) * WIDTH + k
        else:
            found = _to_boxes(boxes, node, point)
            first = children[node]
            bottom = count
            for k in range(WIDTH):
                if found[k] < best:
                    at = count
                    while at > bottom and squares[at - 1] < found[k]:  # the nearest on top
                        squares[at] = squares[at - 1]
                        nodes[at] = nodes[at - 1]
                        at = at - 1
                    squares[at] = found[k]
                    nodes[at] = wp.where(first < 0, first - k, first + k)
                    count = count + 1
    return place


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
