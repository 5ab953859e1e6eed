"""A body's skeleton without its surface: joints posed from rotations, differentiable, whichever body model it is.

Rotations are as a network says them: the first two columns of the matrix (Zhou et al., CVPR 2019), and back.
"""

import numpy as np
import torch
import torch.nn.functional as F

from garment_uv.body import BodyModel, BodyParameters
from garment_uv.body.skeleton import JOINT_NAMES, NUM_JOINTS, PARENTS
from garment_uv.geometry.rotations import about_z, rotation_matrices
from garment_uv.samples.sample import FrameBody


def matrices_of_6d(values: torch.Tensor) -> torch.Tensor:
    """Rotation matrices [..., 3, 3] of any numbers [..., 6]: two columns, made orthonormal, and their cross product."""
    first, second = values[..., :3], values[..., 3:]
    x = F.normalize(first, dim=-1, eps=1e-6)
    y = F.normalize(second - (x * second).sum(dim=-1, keepdim=True) * x, dim=-1, eps=1e-6)
    return torch.stack((x, y, torch.linalg.cross(x, y, dim=-1)), dim=-1)


def sixd_of_matrices(matrices: torch.Tensor) -> torch.Tensor:
    """The first two columns [..., 6] of rotation matrices [..., 3, 3]."""
    return torch.cat((matrices[..., 0], matrices[..., 1]), dim=-1)


def angles_degrees(found: torch.Tensor, true: torch.Tensor) -> torch.Tensor:
    """Angle [...] between rotation matrices [..., 3, 3], degrees; exact also where it is small."""
    # |R - S|^2 = 8 sin^2(angle / 2)
    distance = (found - true).square().sum(dim=(-2, -1)).clamp(0, 8)
    return torch.rad2deg(2 * torch.asin((distance / 8).sqrt()))


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
