"""The class-specific discriminative feature branch: can a garment's class be told from its masked features?
"""

import torch
from torch import nn

from garment_uv.classes import NUM_CLASSES
from garment_uv.networks.config import LocalBranchConfig


class ClassFeatureHead(nn.Module):
    """Masked features F_c averaged, then one linear layer to class logits (LGGAN, Tang et al. 2020).

    Averaged over the mask by default (ours): over the whole image, as published, small garments get small
    features.
    """

    def __init__(self, config: LocalBranchConfig) -> None:
        super().__init__()
        self.pooling = config.class_pooling
        self.linear = nn.Linear(config.features, NUM_CLASSES)

    def forward(self, features: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
        """Logits [B, 6, 6] of f' [B, F, U, U] and class masks [B, 6, U, U]: row c - 1 is what F_c looks like.

        A row whose mask is empty is the layer's bias and says nothing: leave it out of any loss.
        """
        sums = masks.to(features.dtype).flatten(2) @ features.permute(0, 2, 3, 1).flatten(1, 2)
        with torch.autocast(device_type=features.device.type, enabled=False):
            masks, sums = masks.float(), sums.float()
            if self.pooling == "mask":
                area = masks.sum(dim=(2, 3)).clamp(min=1)
                pooled = sums / area.unsqueeze(2)
            else:
                pooled = sums / (masks.shape[2] * masks.shape[3])
            return self.linear(pooled)
