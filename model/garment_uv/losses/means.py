"""Means that stay meaningful over nothing."""

from typing import NamedTuple

import torch

CM_PER_M = 100.0
"""Geometric losses are in centimetres, or squares of them, so that untrained terms are of the order of 1."""


class Share(NamedTuple):
    """A term's share from a part of the batch: sum and number of what it averages."""

    total: torch.Tensor
    count: torch.Tensor


def masked_share(values: torch.Tensor, mask: torch.Tensor) -> Share:
    """Share of float `values` where `mask`, of the same shape or broadcast to it, is true or 1.

    What the mask leaves out passes no gradient, even where it is not finite.
    """
    kept = mask.expand_as(values).bool()
    return Share(torch.where(kept, values, torch.zeros_like(values)).sum(), kept.sum())


def mean_of_shares(shares: list[Share]) -> torch.Tensor:
    """Mean over all shares, scalar; over nothing it is 0 and its gradients are 0."""
    total = torch.stack([share.total for share in shares]).sum()
    count = torch.stack([share.count for share in shares]).sum()
    return total / count.clamp(min=1)


def masked_mean(values: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Mean of `values` where `mask` is true, scalar; 0 where the mask is empty."""
    return mean_of_shares([masked_share(values, mask)])
