"""Our segment head: which garment each texel of the UV map belongs to, from the encoder's features.

Where the segments S come from at test time is not published; this head makes an image and a body suffice.
"""

import torch
import torch.nn.functional as F
from torch import nn

from garment_uv.classes import NUM_CLASSES
from garment_uv.networks.blocks import ConvBlock
from garment_uv.networks.config import GeneratorConfig
from garment_uv.networks.encoder import Encoded


class SegmentHead(nn.Module):
    """A small U-Net on the encoder's features, with one vector of the whole picture added at its bottom
    (ours).

    The encoder's features carry the unwrapped image where that is on.
    """

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        base = config.base_features
        wide, middle, narrow = 2 * base, base, max(base // 2, 4)
        self.down = nn.ModuleList([ConvBlock(4 * base, wide, stride=2), ConvBlock(wide, wide, stride=2)])
        self.context = nn.Linear(wide, wide)
        self.up = nn.ModuleList([
            ConvBlock(wide + wide, wide),
            ConvBlock(wide + 4 * base, wide),
            ConvBlock(wide + 2 * base, middle),
            ConvBlock(middle + base, narrow),
        ])
        self.last = nn.Conv2d(narrow, NUM_CLASSES + 1, kernel_size=1)

    def forward(self, encoded: Encoded) -> torch.Tensor:
        """Logits [B, 7, U, U], channel 0 no garment; float32."""
        eighth = self.down[0](encoded.quarter)
        features = self.down[1](eighth)
        whole = self.context(eighth.amax(dim=(2, 3)))
        features = features + whole[:, :, None, None]
        for block, skip in zip(self.up, (eighth, encoded.quarter, encoded.half, encoded.full), strict=True):
            larger = F.interpolate(features, size=skip.shape[-2:], mode="bilinear", align_corners=False)
            features = block(torch.cat((larger, skip), dim=1))
        return self.last(features).float()
