"""Means that stay meaningful over nothing."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from garment_uv.samples.batch import Batch

CM_PER_M = 100.0
"""Geometric losses are in centimetres, or squares of them, so that untrained terms are of the order of 1."""


@dataclass(frozen=True)
class MaskedMean:
    """A term's share from a part of the batch: sum and number of what it averages."""

    total: torch.Tensor
    count: torch.Tensor


def masked_mean(values: torch.Tensor, mask: torch.Tensor) -> MaskedMean:
    """Share of float `values` where `mask`, broadcast to them, is true; what it leaves out passes no gradient."""
    kept = mask.expand_as(values).bool()
    return MaskedMean(torch.where(kept, values, torch.zeros_like(values)).sum(), kept.sum())


def pooled(shares: list[MaskedMean]) -> MaskedMean:
    """The share of several parts of the batch together."""
    total = torch.stack([share.total for share in shares]).sum()
    count = torch.stack([share.count for share in shares]).sum()
    return MaskedMean(total, count)


def mean_of(shares: list[MaskedMean]) -> torch.Tensor:
    """Mean over all shares, scalar; over nothing it is 0 and its gradients are 0."""
    whole = pooled(shares)
    return whole.total / whole.count.clamp(min=1)


def means_of_batch(terms: Mapping[str, MaskedMean | torch.Tensor], batch: Batch) -> dict[str, torch.Tensor]:
    """Terms by name as means over the batch, scalars: a share becomes its mean, a scalar is one already."""
    return {name: mean_of([term]) if isinstance(term, MaskedMean) else term for name, term in terms.items()}
