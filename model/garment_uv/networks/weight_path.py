"""The weight generator G_w: how much of each texel comes from the global map, how much from the local one."""

import torch
from torch import nn

from garment_uv.networks.blocks import UpBlock
from garment_uv.networks.config import GeneratorConfig


class WeightPath(nn.Module):
    """G_w: two transposed convolutions and a 1x1 convolution to two channels, softmax over them (LGGAN)."""

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        channels = config.base_features
        self.up = nn.Sequential(UpBlock(4 * channels, 2 * channels), UpBlock(2 * channels, channels))
        self.last = nn.Conv2d(channels, 2, kernel_size=1)

    def forward(self, quarter: torch.Tensor) -> torch.Tensor:
        """Weights [B, 2, U, U], global then local, adding up to 1, of features [B, 4C, U/4, U/4]; float32."""
        return torch.softmax(self.last(self.up(quarter)).float(), dim=1)
