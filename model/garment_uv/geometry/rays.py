"""First hits, of both sides, of rays from `origins` [N, 3] along unit `directions` [N, 3] within `reach` [N] metres."""

from dataclasses import dataclass

import numpy as np
import warp as wp

from garment_uv.geometry.warp_device import warp_device


@wp.kernel(enable_backward=False)
def _ray_kernel(
    mesh: wp.uint64,
    origins: wp.array(dtype=wp.vec3),
    directions: wp.array(dtype=wp.vec3),
    reach: wp.array(dtype=wp.float32),
    faces: wp.array(dtype=wp.int32),
    weights: wp.array(dtype=wp.vec3),
    distances: wp.array(dtype=wp.float32),
):
    index = wp.tid()
    hit = wp.mesh_query_ray(mesh, origins[index], directions[index], reach[index])
    faces[index] = -1
    if hit.result:
        faces[index] = hit.face
        weights[index] = wp.vec3(hit.u, hit.v, 1.0 - hit.u - hit.v)
        distances[index] = hit.t


@dataclass(frozen=True)
class Hits:
    """What N rays met first."""

    face: np.ndarray
    """int64 [N], -1 where nothing was met."""
    weights: np.ndarray
    """float64 [N, 3] barycentric in the face's corners; 0 where nothing was met."""
    distance: np.ndarray
    """float64 [N] metres along the ray; infinite where nothing was met."""


def first_hits(
    vertices: np.ndarray, faces: np.ndarray, origins: np.ndarray, directions: np.ndarray, reach: np.ndarray
) -> Hits:
    """First hits of rays from `origins` [N, 3] along unit `directions` [N, 3] within `reach` [N] metres.

    The surface is `vertices` [M, 3] metres, `faces` [F, 3]; both sides of a face count.
    """
    count = len(origins)
    with wp.ScopedDevice(warp_device("cpu")):
        mesh = wp.Mesh(
            wp.array(np.ascontiguousarray(vertices, dtype=np.float32), dtype=wp.vec3),
            wp.array(np.ascontiguousarray(faces, dtype=np.int32).ravel(), dtype=wp.int32),
        )
        face = wp.empty(count, dtype=wp.int32)
        weights, distance = wp.zeros(count, dtype=wp.vec3), wp.zeros(count, dtype=wp.float32)
        inputs = [
            mesh.id,
            wp.array(np.ascontiguousarray(origins, dtype=np.float32), dtype=wp.vec3),
            wp.array(np.ascontiguousarray(directions, dtype=np.float32), dtype=wp.vec3),
            wp.array(np.ascontiguousarray(reach, dtype=np.float32), dtype=wp.float32),
        ]
        wp.launch(_ray_kernel, dim=count, inputs=inputs, outputs=[face, weights, distance])
        found = face.numpy().astype(np.int64)
        return Hits(
            face=found,
            weights=weights.numpy().astype(np.float64),
            distance=np.where(found >= 0, distance.numpy().astype(np.float64), np.inf),
        )
