"""Which way a triangle mesh looks, how large its faces are, and what lies behind it moved out."""

import numpy as np
from scipy.spatial import cKDTree


def face_vectors(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """A normal [F, 3] of each face, as long as twice its area, in the vertices' own dtype."""
    a, b, c = (vertices[faces[:, corner]] for corner in range(3))
    return np.cross(b - a, c - a)


def face_areas(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Area [F] of each face, in the square of the vertices' unit."""
    return 0.5 * np.linalg.norm(face_vectors(vertices, faces), axis=1)


def face_normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Unit normal [F, 3] of each face; next to zero where a face has no area."""
    vectors = face_vectors(vertices, faces)
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-18)


def vertex_normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Unit area-weighted normals float64 [V, 3], added up in float64, first corners first; zero where no face is."""
    vectors, corners = face_vectors(vertices, faces), faces.T.ravel()
    sums = [np.bincount(corners, np.tile(vectors[:, axis], 3), minlength=len(vertices)) for axis in range(3)]
    normals = np.stack(sums, axis=1)
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    return normals / np.where(lengths > 0.0, lengths, 1.0)


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
