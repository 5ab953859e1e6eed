"""The part of a body that clothes cover: without head, hands and feet. Ours, for any body with SMPL's joints."""

import numpy as np

from garment_uv.body.skeleton import JOINT_NAMES, NUM_JOINTS
from garment_uv.geometry.edges import boundary_loops, largest_component, unique_edges

CUTS: dict[str, tuple[str, str, float]] = {
    "neck": ("neck", "head", 0.35),
    "left_wrist": ("left_elbow", "left_wrist", 1.0),
    "right_wrist": ("right_elbow", "right_wrist", 1.0),
    "left_ankle": ("left_knee", "left_ankle", 0.96),
    "right_ankle": ("right_knee", "right_ankle", 0.96),
}
"""Opening to the plane across the bone between two joints, at this fraction of it; what lies beyond is dropped."""


def torso_faces(vertices: np.ndarray, joints: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Mask bool [F] of the faces between neck, wrists and ankles.

    vertices [V, 3] and joints [24, 3] are the body in T-pose, z-up. ValueError unless the cut surface is one piece
    that opens at exactly these five places.
    """
    inside = np.ones(len(vertices), dtype=bool)
    for start_name, end_name, fraction in CUTS.values():
        start, end = (joints[JOINT_NAMES.index(name)] for name in (start_name, end_name))
        inside &= (vertices - (start + fraction * (end - start))) @ (end - start) < 0.0
    mask = inside[faces].all(axis=1)
    mask[mask] = largest_component(faces[mask])
    mask = _without_teeth(faces, mask)
    loops = boundary_loops(faces[mask])
    if len(loops) != len(CUTS):
        raise ValueError(f"a body without head, hands and feet has 5 openings, this one has {len(loops)}")
    return mask


def openings(vertices: np.ndarray, joints: np.ndarray, faces: np.ndarray) -> dict[str, np.ndarray]:
    """The five boundary loops of the trunk's faces by name: each is the loop nearest to its cut."""
    loops = boundary_loops(faces)
    centres = np.stack([vertices[loop].mean(axis=0) for loop in loops])
    named = {}
    for name, (start_name, end_name, fraction) in CUTS.items():
        start, end = (joints[JOINT_NAMES.index(joint)] for joint in (start_name, end_name))
        nearest = np.linalg.norm(centres - (start + fraction * (end - start)), axis=1).argmin()
        named[name] = loops[nearest]
    if len({int(loop[0]) for loop in named.values()}) != len(CUTS):
        raise ValueError("two openings of the trunk share a boundary loop")
    return named


def check_joints(joints: np.ndarray) -> None:
    """ValueError unless joints are finite [24, 3]."""
    if joints.shape != (NUM_JOINTS, 3) or not np.isfinite(joints).all():
        raise ValueError(f"joints must be finite [24, 3], were given as {joints.shape}")


def _without_teeth(faces: np.ndarray, mask: np.ndarray, passes: int = 6) -> np.ndarray:
    """Drop faces with all three corners on the boundary: the teeth and tongues that a plane leaves on a grid."""
    mask = mask.copy()
    for _ in range(passes):
        kept = np.flatnonzero(mask)
        edges, _, counts = unique_edges(faces[kept])
        thin = np.isin(faces[kept], edges[counts == 1]).all(axis=1)
        if not thin.any():
            break
        mask[kept[thin]] = False
    mask[mask] = largest_component(faces[mask])
    return mask
