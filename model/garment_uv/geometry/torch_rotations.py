"""Rotations as a network says them: the first two columns of the matrix (Zhou et al., CVPR 2019), and back."""

import torch
import torch.nn.functional as F


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
