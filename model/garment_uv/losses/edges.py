"""Edge-length regularisation (published)."""

import torch

from garment_uv.losses.means import CM_PER_M, Share, masked_share
from garment_uv.losses.surface import Covered, SurfaceOperators

SMALLEST_CM = 1e-3
"""Lengths are rounded off below this, so that an edge of no length has a gradient."""


def edge_lengths(operators: SurfaceOperators, positions: torch.Tensor) -> torch.Tensor:
    """Lengths [E, n] in cm of the edges at positions [V, n, 3] in metres."""
    vectors = operators.edge_vectors(positions * CM_PER_M)
    return (vectors.square().sum(dim=2) + SMALLEST_CM**2).sqrt()


def edge_share(
    operators: SurfaceOperators, predicted: torch.Tensor, true: torch.Tensor, covered: Covered
) -> Share:
    """Squared difference (cm^2) between the lengths of the predicted and the true surface's covered edges."""
    with torch.no_grad():
        wanted = edge_lengths(operators, true)
    return masked_share((edge_lengths(operators, predicted) - wanted).square(), covered.edges)
