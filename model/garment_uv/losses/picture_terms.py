"""Terms on what is seen in the picture itself: the outfit, and what each pixel shows (ours)."""

from functools import cache

import torch
import torch.nn.functional as F

from garment_uv.classes import CLASS_IDS, COMBINATIONS, NUM_CLASSES
from garment_uv.geometry.picture_square import pixels_of
from garment_uv.losses.means import MaskedMean, masked_mean

BACKGROUND = 0.1
"""What a pixel without a person weighs: most are such, and a network that finds them all has learned little."""


def outfit_term(outfit_logits: torch.Tensor, vertex_classes: torch.Tensor) -> MaskedMean:
    """Cross-entropy (nats) of logits [B, K] over `COMBINATIONS`; samples in none of them are left out."""
    outfit = outfit_of(vertex_classes)
    losses = F.cross_entropy(outfit_logits.float(), outfit.clamp_min(0), reduction="none")
    return masked_mean(losses, outfit >= 0)


def outfit_of(vertex_classes: torch.Tensor) -> torch.Tensor:
    """Which of `COMBINATIONS` the classes int [B, V] of each sample are, int64 [B]; -1 for none of them."""
    worn = torch.stack([(vertex_classes == number).any(dim=1) for number in range(1, NUM_CLASSES + 1)], dim=1)
    bits = 2 ** torch.arange(NUM_CLASSES, device=worn.device)
    return torch.tensor(_numbers(), device=worn.device)[(worn * bits).sum(dim=1)]


@cache
def _numbers() -> tuple[int, ...]:
    """Number of the combination for each set of classes, one bit a class."""
    numbers = [-1] * 2**NUM_CLASSES
    for number, names in enumerate(COMBINATIONS):
        numbers[sum(2 ** (CLASS_IDS[name] - 1) for name in names)] = number
    return tuple(numbers)


def parsing_term(parsing_logits: torch.Tensor, square: torch.Tensor, parsing: torch.Tensor) -> MaskedMean:
    """Cross-entropy (nats) of logits [B, 8, n, n] of squares [B, 3] against a picture's labels uint8 [B, I, I].

    A weighted mean over all pixels, in which those of the background count `BACKGROUND`.
    """
    grid = pixels_of(square.float(), parsing_logits.shape[-1])
    labels = F.grid_sample(parsing[:, None].float(), grid, mode="nearest", align_corners=False)[:, 0].long()
    weights = torch.where(labels > 0, 1.0, BACKGROUND)
    losses = F.cross_entropy(parsing_logits.float(), labels, reduction="none")
    return MaskedMean((losses * weights).sum(), weights.sum())
