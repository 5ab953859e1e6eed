"""L1 on the UV map (published), apart for the garments and for what lies around them."""

import torch

from garment_uv.losses.means import CM_PER_M, Share, masked_share
from garment_uv.uv.class_masks import garment_mask


def uv_share(predicted: torch.Tensor, true: torch.Tensor, segments: torch.Tensor) -> Share:
    """Absolute difference in cm of maps [B, 3, U, U] (m) where segments [B, U, U] are a garment.

    The mask is grown by two texels (ours), since vertices at a garment's border are read from texels outside
    it. Displacement and position maps differ by the same body map, so either kind gives the same loss.
    """
    return masked_share(_difference(predicted, true), garment_mask(segments))


def uv_outside_share(predicted: torch.Tensor, true: torch.Tensor, segments: torch.Tensor) -> Share:
    """The same everywhere else, where true maps fade to zero within a few rings of vertices.

    No vertex is read there: what it asks of a map is to know where the garments end.
    """
    return masked_share(_difference(predicted, true), 1 - garment_mask(segments))


def _difference(predicted: torch.Tensor, true: torch.Tensor) -> torch.Tensor:
    return (predicted.float() - true.float()).abs() * CM_PER_M
