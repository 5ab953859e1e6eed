"""The global generator G_g, the whole map at once, and the weights G_w between it and the local one."""

import torch
from torch import nn

from garment_uv.networks.blocks import ConvBlock, ReflectConv, UpBlock, initialise_small
from garment_uv.networks.config import GeneratorConfig


class GlobalPath(nn.Module):
    """G_g: encoder features at U/4 down by `global_downsamples`, up to U, and a 7x7 convolution to U_g
    (LGGAN).
    """

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        channels = 4 * config.base_features
        layers: list[nn.Module] = []
        for _ in range(config.global_downsamples):
            layers.append(ConvBlock(channels, 2 * channels, stride=2))
            channels *= 2
        while channels > config.base_features:
            layers.append(UpBlock(channels, channels // 2))
            channels //= 2
        self.layers = nn.Sequential(*layers)
        self.last = ReflectConv(channels, 3, kernel=7)

    def start_small(self) -> None:
        """Set the last layer so that the path starts near zero; called after the general initialisation."""
        initialise_small(self.last)

    def forward(self, quarter: torch.Tensor) -> torch.Tensor:
        """Raw U_g [B, 3, U, U], in map units, of features [B, 4C, U/4, U/4]."""
        return self.last(self.layers(quarter))


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
