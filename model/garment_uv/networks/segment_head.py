"""Our segment head: which garment each texel of the UV map belongs to, from the encoder's features.

Where the segments S come from at test time is not published; this head makes an image and a body suffice.
"""

import torch
import torch.nn.functional as F
from torch import nn

from garment_uv.classes import NUM_CLASSES
from garment_uv.networks.blocks import ConvBlock
from garment_uv.networks.config import GeneratorConfig
from garment_uv.networks.encoder import Encoded, input_channels


class SegmentHead(nn.Module):
    """A small U-Net on the encoder's features, with one vector of the whole picture added at its bottom (ours).

    Its last step sees the encoder's inputs too, so that the unwrapped image's colours reach it as they are. On the way
    up nothing is normalised: that would take the picture's vector, the same everywhere, away again.
    """

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        base = config.base_features
        wide, narrow = 2 * base, max(base, 16)
        self.down = nn.ModuleList([ConvBlock(4 * base, wide, stride=2), ConvBlock(wide, wide, stride=2)])
        self.context = nn.Linear(wide, wide)
        self.up = nn.ModuleList(
            [
                nn.Conv2d(wide + wide, wide, 3, padding=1),
                nn.Conv2d(wide + 4 * base, wide, 3, padding=1),
                nn.Conv2d(wide + 2 * base, narrow, 3, padding=1),
                nn.Conv2d(narrow + base + input_channels(config), narrow, 3, padding=1),
            ]
        )
        self.last = nn.Conv2d(narrow, NUM_CLASSES + 1, kernel_size=1)

    def forward(self, encoded: Encoded) -> torch.Tensor:
        """Logits [B, 7, U, U], channel 0 no garment; float32."""
        eighth = self.down[0](encoded.quarter)
        features = self.down[1](eighth)
        whole = self.context(eighth.amax(dim=(2, 3)))
        features = features + whole[:, :, None, None]
        finest = torch.cat((encoded.full, encoded.inputs), dim=1)
        for layer, skip in zip(self.up, (eighth, encoded.quarter, encoded.half, finest), strict=True):
            larger = F.interpolate(features, size=skip.shape[-2:], mode="bilinear", align_corners=False)
            features = F.relu(layer(torch.cat((larger, skip), dim=1)))
        return self.last(features).float()
