"""A frame of its own for each vertex of the posed body: along the surface, across it, and outwards."""

import numpy as np

from garment_uv.geometry.normals import vertex_normals
from garment_uv.uv.atlas import Atlas


def vertex_frames(atlas: Atlas, vertices: np.ndarray) -> np.ndarray:
    """Rotations [V, 3, 3] whose columns are tangent, bitangent and outward normal at `vertices` [V, 3].

    The tangent points to the same neighbour on every body, so that a displacement written in these frames
    follows the pose. A vertex that no face of the default topology uses has the identity.
    """
    faces = atlas.faces["default"]
    vertices = np.asarray(vertices, np.float64)
    neighbour = np.arange(len(vertices))
    for corner in range(3):
        neighbour[faces[:, corner]] = faces[:, (corner + 1) % 3]
    normals = vertex_normals(vertices, faces)
    along = vertices[neighbour] - vertices
    tangents = _unit(along - (along * normals).sum(axis=1, keepdims=True) * normals)
    frames = np.stack([tangents, np.cross(normals, tangents), normals], axis=2)
    sound = np.isclose(np.linalg.det(frames), 1.0, atol=1e-3)
    return np.where(sound[:, None, None], frames, np.eye(3))


def _unit(vectors: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1)
