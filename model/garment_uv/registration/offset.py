"""Whether the garments' rest files stand where the rest body stands, or off it by the root joint."""

import igl
import numpy as np

from garment_uv.registration.domain import Domain


def rest_offset(domain: Domain, rests: dict[str, np.ndarray], root_joint: np.ndarray | None) -> np.ndarray:
    """Offset float64 [3] metres to add to the garments: 0, +J0 or -J0, whichever leaves the least mean distance.

    In CLOTH3D the rest .obj may be given around SMPL's own origin while the body is root-relative, or the other way
    round; the distances tell. Without `root_joint` the offset is 0.
    """
    zero = np.zeros(3)
    if root_joint is None or not np.any(root_joint):
        return zero
    joint = np.asarray(root_joint, dtype=np.float64).reshape(3)
    points = np.concatenate([vertices[:: max(1, len(vertices) // 2000)] for vertices in rests.values()])
    candidates = [zero, joint, -joint]
    return candidates[int(np.argmin([_mean_distance(domain, points + offset) for offset in candidates]))]


def _mean_distance(domain: Domain, points: np.ndarray) -> float:
    squared, _, _ = igl.point_mesh_squared_distance(points, domain.vertices, domain.body_faces)
    return float(np.sqrt(squared).mean())
