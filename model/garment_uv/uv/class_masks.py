"""Class masks from segments."""

import torch
import torch.nn.functional as F

from garment_uv.classes import NUM_CLASSES

BORDER_TEXELS = 2
"""How far masks are grown: a bilinear read at a garment's border takes texels up to this far outside it."""


def class_masks(segments: torch.Tensor) -> torch.Tensor:
    """Float masks [B, 6, U, U], 0 or 1, of segments [B, U, U] with ids 0 to 6; class c is channel c - 1."""
    ids = torch.arange(1, NUM_CLASSES + 1, device=segments.device).view(1, -1, 1, 1)
    return (segments.unsqueeze(1) == ids).float()


def grow(masks: torch.Tensor, texels: int = BORDER_TEXELS) -> torch.Tensor:
    """Masks [B, C, U, U] dilated by a square of `texels` to each side."""
    size = 2 * texels + 1
    rows = F.max_pool2d(masks, kernel_size=(1, size), stride=1, padding=(0, texels))
    return F.max_pool2d(rows, kernel_size=(size, 1), stride=1, padding=(texels, 0))


def garment_mask(segments: torch.Tensor, texels: int = BORDER_TEXELS) -> torch.Tensor:
    """Float mask [B, 1, U, U] of all garments in segments [B, U, U], grown by `texels`."""
    return grow((segments > 0).float().unsqueeze(1), texels)
