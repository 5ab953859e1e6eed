"""Which way faces and vertices of a triangle mesh look, and how large its faces are. Plain NumPy."""

import numpy as np


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
    """Unit area-weighted normals float64 [V, 3]; zero where no face is.

    Faces are measured in the vertices' own dtype and added up in float64, first corners first.
    """
    vectors, corners = face_vectors(vertices, faces), faces.T.ravel()
    sums = [np.bincount(corners, np.tile(vectors[:, axis], 3), minlength=len(vertices)) for axis in range(3)]
    normals = np.stack(sums, axis=1)
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    return normals / np.where(lengths > 0.0, lengths, 1.0)
