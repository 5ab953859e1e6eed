"""Cross-entropy of the class-specific features (published)."""

import torch
import torch.nn.functional as F

from garment_uv.losses.means import Share, masked_share


def classification_share(class_logits: torch.Tensor, class_present: torch.Tensor) -> Share:
    """Cross-entropy (nats) of logits [B, K, K], row k being of class k, over the rows present, bool
    [B, K].

    Every pair of a sample and a class that it wears counts once, whatever the batch size; 0 with none
    present.
    """
    batch, classes, _ = class_logits.shape
    labels = torch.arange(classes, device=class_logits.device).expand(batch, classes)
    losses = F.cross_entropy(class_logits.float().flatten(0, 1), labels.flatten(), reduction="none")
    return masked_share(losses, class_present.flatten())
