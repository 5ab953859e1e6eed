"""Where the garments' rest files stand beside the rest body: off it by the root joint, turned by zrot, or neither."""

from dataclasses import dataclass
from itertools import product

import igl
import numpy as np

from garment_uv.registration.domain import Domain

CLEARLY_NEARER = 0.9
"""A turned or moved placement is believed only if its mean distance is below this share of the plain one's (ours)."""


@dataclass(frozen=True)
class RestPlacement:
    """How rest vertices are brought onto the rest body: turned about z, then moved."""

    angle: float
    """Radians: 0, or -zrot where the rest files carry the sequence's zrot."""
    offset: np.ndarray
    """float64 [3] metres: 0, +J0 or -J0."""

    def apply(self, vertices: np.ndarray) -> np.ndarray:
        """Rest vertices [N, 3] where the rest body stands, float64 [N, 3]."""
        cosine, sine = np.cos(self.angle), np.sin(self.angle)
        turn = np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]])
        return np.asarray(vertices, np.float64) @ turn.T + self.offset


def rest_placement(
    domain: Domain, rests: dict[str, np.ndarray], root_joint: np.ndarray | None, zrot: float
) -> RestPlacement:
    """The placement, of those that CLOTH3D's files are known to need, that brings garments and body nearest.

    In CLOTH3D the rest .obj may be given around SMPL's own origin while the body is root-relative, or the other way
    round, and preprocessing published by the dataset's group turns it back by zrot; the distances tell. Without
    `root_joint` the offset is 0, with `zrot` 0 the angle is.
    """
    joint = np.zeros(3) if root_joint is None else np.asarray(root_joint, dtype=np.float64).reshape(3)
    offsets = [np.zeros(3), joint, -joint] if np.any(joint) else [np.zeros(3)]
    candidates = [RestPlacement(angle, offset) for angle, offset in product([0.0, -zrot] if zrot else [0.0], offsets)]
    if len(candidates) == 1:
        return candidates[0]
    points = np.concatenate([vertices[:: max(1, len(vertices) // 2000)] for vertices in rests.values()])
    distances = [_mean_distance(domain, candidate.apply(points)) for candidate in candidates]
    best = int(np.argmin(distances))
    return candidates[best] if distances[best] < CLEARLY_NEARER * distances[0] else candidates[0]


def _mean_distance(domain: Domain, points: np.ndarray) -> float:
    squared, _, _ = igl.point_mesh_squared_distance(points, domain.vertices, domain.body_faces)
    return float(np.sqrt(squared).mean())
