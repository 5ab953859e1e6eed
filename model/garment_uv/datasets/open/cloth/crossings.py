"""How much of a sheet passes through itself or another one."""

import numpy as np
import warp as wp

from garment_uv.datasets.open._mesh import edges_of, split_quads
from garment_uv.datasets.open.cloth._arrays import array


@wp.kernel(enable_backward=False)
def _cross(
    mesh: wp.uint64,
    points: wp.array(dtype=wp.vec3),
    ends: wp.array(dtype=wp.vec2i),
    crossed: wp.array(dtype=wp.int32),
):
    """1 for each edge that passes through a triangle with which it shares no vertex (Moeller and Trumbore 1997)."""
    k = wp.tid()
    i = ends[k][0]
    j = ends[k][1]
    a = points[i]
    way = points[j] - a
    crossed[k] = 0
    query = wp.mesh_query_aabb(mesh, wp.min(a, points[j]), wp.max(a, points[j]))
    face = int(0)  # noqa: UP018  warp needs a dynamic variable
    while wp.mesh_query_aabb_next(query, face):
        p = wp.mesh_get_index(mesh, 3 * face)
        q = wp.mesh_get_index(mesh, 3 * face + 1)
        r = wp.mesh_get_index(mesh, 3 * face + 2)
        if p != i and p != j and q != i and q != j and r != i and r != j:
            one = points[q] - points[p]
            two = points[r] - points[p]
            normal = wp.cross(way, two)
            size = wp.dot(one, normal)
            if wp.abs(size) > 1.0e-15:
                start = a - points[p]
                u = wp.dot(start, normal) / size
                turned = wp.cross(start, one)
                v = wp.dot(way, turned) / size
                t = wp.dot(two, turned) / size
                if u >= 0.0 and v >= 0.0 and u + v <= 1.0 and t > 0.0 and t < 1.0:
                    crossed[k] = 1


def crossed_share(points: np.ndarray, faces: np.ndarray, rest: np.ndarray | None = None) -> float:
    """Share of the edges of `faces` [F, 4] at `points` [N, 3] that pass through another face.

    With `rest` [N, 3] edges count by their length there: a dense seam, such as a crotch, then counts for no more than
    it is.
    """
    ends = edges_of(faces)
    at = array(points, wp.vec3, "cpu")
    mesh = wp.Mesh(at, array(split_quads(faces).ravel(), wp.int32, "cpu"))
    crossed = wp.zeros(len(ends), dtype=wp.int32, device="cpu")
    inputs = [mesh.id, at, array(ends, wp.vec2i, "cpu"), crossed]
    wp.launch(_cross, dim=len(ends), device="cpu", inputs=inputs)
    weights = None if rest is None else np.linalg.norm(rest[ends[:, 0]] - rest[ends[:, 1]], axis=1)
    return float(np.average(crossed.numpy(), weights=weights))
