"""Learned features of each place on the map: a convolution alone does not know where on the body it is (ours).

The positional embedding of Dosovitskiy et al. (ICLR 2021), on the texels of a UV map, where a place is always the same
part of the body.
"""

import torch
import torch.nn.functional as F
from torch import nn

SIZE = 32
"""Places along each side: one for every four texels of a map of 128."""


class TexelEmbedding(nn.Module):
    """Adds the same learned [1, C, H, W] to the features of every sample; zero before training."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.features = nn.Parameter(torch.zeros(1, channels, SIZE, SIZE))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Features [B, C, H, W] with the place's own added, which are interpolated where H or W is not 32."""
        place = self.features
        if features.shape[-2:] != place.shape[-2:]:
            place = F.interpolate(place, size=features.shape[-2:], mode="bilinear", align_corners=False)
        return features + place.to(features.dtype)
