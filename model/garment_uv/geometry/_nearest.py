"""Squared distances of a point to eight boxes and to eight triangles at once, and the nearest triangle of a tree.

The two functions of a node are in C++, as loops that compilers turn into vector instructions, which they do not with
what warp makes of vectors of eight; on a CUDA device they are loops like any other.
"""

import warp as wp

from garment_uv.geometry._tree import BOX, TRIANGLE, WIDTH, Eight

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
