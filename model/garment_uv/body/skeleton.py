"""SMPL's skeleton (24 joints in CLOTH3D's order, from y-up to z-up), and the linear blend skinning of all bodies."""

import numpy as np
from scipy import sparse

from garment_uv.geometry.rotations import rotation_matrices

JOINT_NAMES: tuple[str, ...] = (
    "pelvis", "left_hip", "right_hip", "spine1", "left_knee", "right_knee", "spine2", "left_ankle", "right_ankle",
    "spine3", "left_foot", "right_foot", "neck", "left_collar", "right_collar", "head", "left_shoulder",
    "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hand", "right_hand",
)  # fmt: skip
NUM_JOINTS = len(JOINT_NAMES)

PARENTS: tuple[int, ...] = (
    -1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 20, 21,
)  # fmt: skip
"""Parent of each joint; parents come before their children."""

Y_UP_TO_Z_UP = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
"""Turns SMPL's y-up rest frame, facing +z, into the garments' rest frame: z-up, facing -y (a quarter turn about x)."""


def _rest_pose() -> np.ndarray:
    pose = np.zeros((NUM_JOINTS, 3), dtype=np.float32)
    pose[JOINT_NAMES.index("pelvis"), 0] = np.pi / 2.0
    pose[JOINT_NAMES.index("left_hip"), 2] = 0.15
    pose[JOINT_NAMES.index("right_hip"), 2] = -0.15
    pose.flags.writeable = False
    return pose.ravel()


REST_POSE: np.ndarray = _rest_pose()
"""float32 [72] pose of CLOTH3D's rest garments: upright T-pose, z-up, legs 0.15 rad outward (DeePSD, CVPR 2021)."""


def global_rotations(poses: np.ndarray) -> np.ndarray:
    """Rotations float64 [T, 24, 3, 3] from rest of axis angles [T, 72], each joint's relative to its parent."""
    local = rotation_matrices(np.asarray(poses, dtype=np.float64).reshape(-1, NUM_JOINTS, 3))
    turned = np.empty_like(local)
    for joint, parent in enumerate(PARENTS):
        turned[:, joint] = local[:, joint] if parent < 0 else turned[:, parent] @ local[:, joint]
    return turned


def skin(weights: sparse.csr_matrix, vertices: np.ndarray, transforms: np.ndarray) -> np.ndarray:
    """Posed float32 [T, V, 3], metres, by weights float32 CSR [V, B] and rest-to-posed transforms [T, B, 3, 4].

    Rest vertices are [V, 3], or [T, V, 3] where they change with the pose.
    """
    frames, count = len(transforms), weights.shape[0]
    posed = np.empty((frames, count, 3), dtype=np.float32)
    homogeneous = np.ones((count, 4), dtype=np.float32)
    for frame, matrices in enumerate(transforms.astype(np.float32)):
        homogeneous[:, :3] = vertices if vertices.ndim == 2 else vertices[frame]
        blended = (weights @ matrices.reshape(-1, 12)).reshape(-1, 3, 4)
        np.einsum("vij,vj->vi", blended, homogeneous, out=posed[frame])
    return posed
