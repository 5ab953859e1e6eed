"""Means that stay meaningful over nothing."""

from collections.abc import Mapping
from typing import NamedTuple

import torch

from garment_uv.samples.batch import Batch

CM_PER_M = 100.0
"""Geometric losses are in centimetres, or squares of them, so that untrained terms are of the order of 1."""


class MaskedMean(NamedTuple):
    """A term's share from a part of the batch: sum and number of what it averages."""

    total: torch.Tensor
    count: torch.Tensor  # type: ignore[assignment]


def masked_mean(values: torch.Tensor, mask: torch.Tensor) -> MaskedMean:
    """Share of float `values` where `mask`, of the same shape or broadcast to it, is true or 1.

    What the mask leaves out passes no gradient, even where it is not finite.
    """
    kept = mask.expand_as(values).bool()
    return MaskedMean(torch.where(kept, values, torch.zeros_like(values)).sum(), kept.sum())


def pooled(shares: list[MaskedMean]) -> MaskedMean:
    """The share of several parts of the batch together."""
    total = torch.stack([share.total for share in shares]).sum()
    count = torch.stack([share.count for share in shares]).sum()
    return MaskedMean(total, count)


def mean_of(shares: list[MaskedMean]) -> torch.Tensor:
    """Mean over all shares, scalar; over nothing it is 0 and its gradients are 0."""
    total, count = pooled(shares)
    return total / count.clamp(min=1)


def means_of_batch(terms: Mapping[str, MaskedMean | torch.Tensor], batch: Batch) -> dict[str, torch.Tensor]:
    """Terms by name as means over the batch, scalars.

    A share becomes its mean; a scalar is one already, over samples that count alike. `training.parallel` has the same
    for a batch of which each of several processes holds a portion.
    """
    return {name: mean_of([term]) if isinstance(term, MaskedMean) else term for name, term in terms.items()}
