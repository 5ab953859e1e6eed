"""Smooth L1 on vertices read from the map (published)."""

import torch
import torch.nn.functional as F

from garment_uv.losses.means import CM_PER_M, Share, masked_share

BETA_CM = 1.0
"""Errors below 1 cm are squared, larger ones are linear (ours)."""


def mesh_share(predicted: torch.Tensor, true: torch.Tensor, vertex_classes: torch.Tensor) -> Share:
    """Smooth L1 in cm of vertices [B, V, 3] (m) over vertices that a garment covers, classes [B, V] > 0.

    Displacements or positions alike: the body cancels.
    """
    errors = F.smooth_l1_loss(predicted * CM_PER_M, true * CM_PER_M, reduction="none", beta=BETA_CM)
    return masked_share(errors, (vertex_classes > 0).unsqueeze(2))
