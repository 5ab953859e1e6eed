"""Our own image network: a U-Net that is small enough to learn from a few thousand pictures on two cores (ours)."""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import nn

GROUPS = 8
"""Channels are normalised in so many groups: widths are multiples of it."""
GROWTH = (1, 2, 4, 6, 8)
"""Channels at a half, a quarter, ... of the picture's size, by the first's."""


def _block(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False), nn.GroupNorm(GROUPS, outputs), nn.SiLU()
    )


class UNet(nn.Module):
    """Features at half the picture's size, and one code of the whole picture.

    Args:
        inputs: channels of the picture.
        width: channels at half the size, a multiple of 8; `GROWTH` times as many at smaller ones.
        features: channels that come out.
        code: numbers of the code.
    """

    def __init__(self, inputs: int, width: int, features: int, code: int) -> None:
        super().__init__()
        widths = [growth * width for growth in GROWTH]
        self.first = nn.Sequential(_block(inputs, width, stride=2), _block(width, width))
        self.down = nn.ModuleList(
            [
                nn.Sequential(nn.AvgPool2d(2), _block(narrow, wide), _block(wide, wide))
                for narrow, wide in pairwise(widths)
            ]
        )
        self.code = nn.Sequential(nn.Linear(2 * widths[-1], 2 * code), nn.SiLU(), nn.Linear(2 * code, code), nn.SiLU())
        self.across = nn.ModuleList([nn.Conv2d(wide, narrow, 1) for narrow, wide in pairwise(widths)])
        self.up = nn.ModuleList([_block(2 * narrow, narrow) for narrow in widths[:-1]])
        self.last = nn.Conv2d(width, features, 1)

    def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Features [B, F, N/2, N/2] and code [B, Z] of pixels [B, C, N, N], N a multiple of 32."""
        levels = [self.first(pixels)]
        for step in self.down:
            levels.append(step(levels[-1]))
        features = levels.pop()
        code = self.code(torch.cat((features.mean(dim=(2, 3)), features.amax(dim=(2, 3))), dim=1))
        for across, up in zip(reversed(self.across), reversed(self.up), strict=True):
            skip = levels.pop()
            larger = F.interpolate(across(features), size=skip.shape[-2:], mode="bilinear", align_corners=False)
            features = up(torch.cat((larger, skip), dim=1))
        return self.last(features), code
