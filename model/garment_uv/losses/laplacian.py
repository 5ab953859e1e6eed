"""Laplacian smoothing of the predicted surface (published)."""

import torch

from garment_uv.losses.means import CM_PER_M, Share, masked_share
from garment_uv.losses.surface import Covered, SurfaceOperators


def laplacian_share(operators: SurfaceOperators, predicted: torch.Tensor, covered: Covered) -> Share:
    """Squared distance (cm^2) of each vertex from the mean of its neighbours, at positions [V, n, 3] in
    metres.

    Interior vertices only (ours): at a hem the neighbours lie on one side, and smoothing would shrink the
    garment.
    """
    offsets = operators.laplacian(predicted * CM_PER_M)
    return masked_share(offsets.square().sum(dim=2), covered.interior)
