"""A tree of boxes over a mesh's triangles, eight to a node, built in a few passes on the CPU or a CUDA device.

Triangles lie along a Z-order curve through their centres; eight of them make a leaf, eight leaves or nodes the node
above, up to one root. What eight neighbours share is stored coordinate by coordinate, so that a processor tests them
at once. (T. Karras, "Maximizing Parallelism in the Construction of BVHs, Octrees, and k-d Trees", 2012, section 2.)
"""

from dataclasses import dataclass

import numpy as np
import warp as wp

WIDTH = 8
Eight = wp.types.vector(length=WIDTH, dtype=wp.float32)
TRIANGLE = 13
"""Values of a triangle: a corner, two edges from it, the inverse squares of the three edges and of the normal."""
BOX = 6
"""Values of a box: its lower corner and its upper."""

_CELLS = 1023.0
_EMPTY = 1.0e18
"""Where a place without a box has its lower corner; its upper one lies as far on the other side."""
_FLAT = 1.0e-10
"""The normal's square over that of the squared edges: under it only the edges of a triangle are tested."""


@dataclass(frozen=True)
class Tree:
    """What a query reads; nodes are numbered from the lowest level up, so that the last one is the root."""

    order: wp.array
    """Triangles along the curve, int32 [>= F]."""
    triangles: wp.array
    """[leaves, TRIANGLE] of eight values."""
    boxes: wp.array
    """[nodes, BOX] of eight values: the boxes of a node's children."""
    children: wp.array
    """First child of each node, int32 [nodes]; leaf L is -L - 1."""


def build(vertices: wp.array, faces: wp.array) -> Tree:
    """Over vertices vec3 [N] within [-1, 1] and faces int32 [F, 3], F > 0, on the device that is current."""
    count = faces.shape[0]
    keys, order = wp.empty(2 * count, dtype=wp.int32), wp.empty(2 * count, dtype=wp.int32)
    wp.launch(_along_the_curve, dim=count, inputs=[vertices, faces], outputs=[keys, order])
    wp.utils.radix_sort_pairs(keys, order, count)
    leaves = -(-count // WIDTH)
    levels = [-(-leaves // WIDTH)]
    while levels[-1] > 1:
        levels.append(-(-levels[-1] // WIDTH))
    first = np.concatenate([[0], np.cumsum(levels)]).tolist()
    triangles = wp.empty((leaves, TRIANGLE), dtype=Eight)
    none = np.repeat(np.float32([_EMPTY, -_EMPTY]), BOX // 2)
    boxes = wp.array(np.broadcast_to(none[:, None], (first[-1], BOX, WIDTH)), dtype=Eight)
    wp.launch(_fill_leaves, dim=leaves, inputs=[vertices, faces, order], outputs=[triangles, boxes])
    children = [-1 - WIDTH * np.arange(levels[0])]
    for below, above, nodes in zip(first, first[1:], levels[1:], strict=False):
        wp.launch(_enclose, dim=above - below, inputs=[below, above, boxes])
        children.append(below + WIDTH * np.arange(nodes))
    return Tree(order, triangles, boxes, wp.array(np.concatenate(children), dtype=wp.int32))


@wp.func
def _spread(value: wp.int32):
    value = (value | (value << 16)) & 0x030000FF
    value = (value | (value << 8)) & 0x0300F00F
    value = (value | (value << 4)) & 0x030C30C3
    return (value | (value << 2)) & 0x09249249


@wp.kernel(enable_backward=False)
def _along_the_curve(
    vertices: wp.array(dtype=wp.vec3),
    faces: wp.array(dtype=wp.int32, ndim=2),
    keys: wp.array(dtype=wp.int32),
    order: wp.array(dtype=wp.int32),
):
    face = wp.tid()
    centre = (vertices[faces[face, 0]] + vertices[faces[face, 1]] + vertices[faces[face, 2]]) / 3.0
    cell = (centre + wp.vec3(1.0)) * (0.5 * _CELLS)
    x, y, z = _spread(wp.int32(cell[0])), _spread(wp.int32(cell[1])), _spread(wp.int32(cell[2]))
    keys[face] = x | (y << 1) | (z << 2)
    order[face] = face


@wp.func
def _inverse(value: wp.float32):
    return wp.where(value > 0.0, 1.0 / value, 0.0)


@wp.kernel(enable_backward=False)
def _fill_leaves(
    vertices: wp.array(dtype=wp.vec3),
    faces: wp.array(dtype=wp.int32, ndim=2),
    order: wp.array(dtype=wp.int32),
    triangles: wp.array(dtype=Eight, ndim=2),
    boxes: wp.array(dtype=Eight, ndim=2),
):
    leaf = wp.tid()
    low, high = wp.vec3(_EMPTY), wp.vec3(-_EMPTY)
    for place in range(WIDTH):
        face = order[wp.min(leaf * WIDTH + place, faces.shape[0] - 1)]
        a = vertices[faces[face, 0]]
        b = vertices[faces[face, 1]]
        c = vertices[faces[face, 2]]
        low = wp.min(low, wp.min(a, wp.min(b, c)))
        high = wp.max(high, wp.max(a, wp.max(b, c)))
        along_b = b - a
        along_c = c - a
        squares = wp.vec3(wp.length_sq(along_b), wp.length_sq(along_c), wp.length_sq(c - b))
        normal = wp.length_sq(wp.cross(along_b, along_c))
        total = squares[0] + squares[1] + squares[2]
        for axis in range(3):
            triangles[leaf, axis][place] = a[axis]
            triangles[leaf, 3 + axis][place] = along_b[axis]
            triangles[leaf, 6 + axis][place] = along_c[axis]
            triangles[leaf, 9 + axis][place] = _inverse(squares[axis])
        triangles[leaf, 12][place] = wp.where(normal > _FLAT * total * total, 1.0 / normal, 0.0)
    for axis in range(3):
        boxes[leaf // WIDTH, axis][leaf % WIDTH] = low[axis]
        boxes[leaf // WIDTH, 3 + axis][leaf % WIDTH] = high[axis]


@wp.kernel(enable_backward=False)
def _enclose(below: wp.int32, above: wp.int32, boxes: wp.array(dtype=Eight, ndim=2)):
    node = wp.tid()
    for axis in range(3):
        boxes[above + node // WIDTH, axis][node % WIDTH] = wp.min(boxes[below + node, axis])
        boxes[above + node // WIDTH, 3 + axis][node % WIDTH] = wp.max(boxes[below + node, 3 + axis])
