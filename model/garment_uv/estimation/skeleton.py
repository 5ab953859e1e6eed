"""A body's skeleton without its surface: joints posed from rotations, differentiable, whichever body model it is."""

import numpy as np
import torch

from garment_uv.body import BodyModel, BodyParameters
from garment_uv.body.skeleton import JOINT_NAMES, NUM_JOINTS, PARENTS
from garment_uv.geometry.rotations import about_z, rotation_matrices
from garment_uv.samples.sample import FrameBody


def _mates() -> tuple[int, ...]:
    swapped = [name.replace("left_", "?").replace("right_", "left_").replace("?", "right_") for name in JOINT_NAMES]
    return tuple(JOINT_NAMES.index(name) for name in swapped)


MATES: tuple[int, ...] = _mates()
"""The joint on the other side of the body."""
ACROSS = np.diag([-1.0, 1.0, 1.0])
"""A body seen in a mirror, in its own rest frame: left is +x there."""
SIDEWAYS = np.diag([1.0, -1.0, 1.0])
"""The same mirror in the sample frame: the picture's left and right are along y."""


def bone_offsets(model: BodyModel, gender: int, shape: np.ndarray) -> np.ndarray:
    """Each joint less its parent at SMPL's zero pose, float32 [24, 3] metres, y-up; the root's is zero."""
    joints = model.joints(BodyParameters(gender, shape, np.zeros(72, np.float32)))
    return (joints - joints[[max(parent, 0) for parent in PARENTS]]).astype(np.float32)


def joint_rotations(body: FrameBody) -> np.ndarray:
    """Rotations float64 [24, 3, 3] of a frame's joints, each relative to its parent; the root's includes zrot."""
    matrices = rotation_matrices(body.pose.reshape(NUM_JOINTS, 3))
    matrices[0] = about_z(body.zrot) @ matrices[0]
    return matrices


def mirrored(rotations: np.ndarray, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rotations [24, 3, 3] and offsets [24, 3] of the same person seen in a mirror."""
    mates = list(MATES)
    turned = ACROSS @ rotations[mates] @ ACROSS
    turned[0] = SIDEWAYS @ rotations[0] @ ACROSS
    return turned, offsets[mates] @ ACROSS


def posed_joints(rotations: torch.Tensor, offsets: torch.Tensor) -> torch.Tensor:
    """Joints [B, 24, 3] around the root, metres, of rotations [B, 24, 3, 3] on bones [B, 24, 3]."""
    turned, places = [rotations[:, 0]], [torch.zeros_like(offsets[:, 0])]
    for joint in range(1, NUM_JOINTS):
        parent = PARENTS[joint]
        places.append(places[parent] + (turned[parent] @ offsets[:, joint, :, None])[..., 0])
        turned.append(turned[parent] @ rotations[:, joint])
    return torch.stack(places, dim=1)
