"""L1 on the UV map, inside the garment's mask (published)."""

import torch

from garment_uv.losses.means import CM_PER_M, Share, masked_share
from garment_uv.networks.masks import garment_mask


def uv_share(predicted: torch.Tensor, true: torch.Tensor, segments: torch.Tensor) -> Share:
    """Absolute difference in cm of maps [B, 3, U, U] (m) where segments [B, U, U] are a garment.

    The mask is grown by two texels (ours), since vertices at a garment's border are read from texels outside
    it. Displacement and position maps differ by the same body map, so either kind gives the same loss.
    """
    difference = (predicted.float() - true.float()).abs() * CM_PER_M
    return masked_share(difference, garment_mask(segments))
