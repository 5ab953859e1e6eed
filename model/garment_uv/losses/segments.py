"""Cross-entropy of our segment head (ours)."""

import torch
import torch.nn.functional as F


def segments_loss(segment_logits: torch.Tensor, segments: torch.Tensor) -> torch.Tensor:
    """Mean cross-entropy (nats) of logits [B, 7, U, U] against segments int [B, U, U], over all texels.

    Not weighted by class: garments fill a good share of the map, and weights would move its borders outwards.
    """
    return F.cross_entropy(segment_logits.float(), segments.long())
