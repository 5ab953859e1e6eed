"""Vertices moved out of a closed surface that they lie behind."""

import numpy as np
from scipy.spatial import cKDTree

from garment_uv.geometry.normals import vertex_normals

PUBLISHED_MARGIN_M = 0.005
"""How far outside the body a vertex found inside it is put (the group's own UV code, see `push_out`)."""


def push_out(
    vertices: np.ndarray, body_vertices: np.ndarray, body_faces: np.ndarray, margin_m: float = PUBLISHED_MARGIN_M
) -> np.ndarray:
    """Garment `vertices` [N, 3] with those inside the body moved to its surface, metres, float32 [N, 3].

    A vertex lies inside when it is behind the plane of its nearest body vertex; it is put at that vertex
    plus `margin_m` along its normal (as the CLOTH3D group's later UV code does).
    """
    body = np.asarray(body_vertices, np.float64)
    points = np.asarray(vertices, np.float64).copy()
    used = np.unique(body_faces)
    if not len(points) or not len(used):
        return points.astype(np.float32)
    normals = vertex_normals(body, np.asarray(body_faces))
    nearest = used[cKDTree(body[used]).query(points)[1]]
    inside = ((points - body[nearest]) * normals[nearest]).sum(axis=1) < 0
    points[inside] = (body[nearest] + margin_m * normals[nearest])[inside]
    return points.astype(np.float32)
