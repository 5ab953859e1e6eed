"""The encoder E: image, body UV map and unwrapped image, stacked, to features at U, U/2 and U/4."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

from garment_uv.networks.blocks import ConvBlock, in_layout_of
from garment_uv.networks.config import GeneratorConfig
from garment_uv.networks.texels import TexelEmbedding
from garment_uv.uv.unwrap import unwrap_image


class Encoded(NamedTuple):
    """Inputs and features of one batch; features have 1, 2 and 4 times `base_features` channels."""

    inputs: torch.Tensor
    """[B, 3 to 9, U, U] what the encoder read."""
    full: torch.Tensor
    """[B, C, U, U]"""
    half: torch.Tensor
    """[B, 2C, U/2, U/2]"""
    quarter: torch.Tensor
    """[B, 4C, U/4, U/4]"""


def input_channels(config: GeneratorConfig) -> int:
    """Channels that the encoder reads: 3 of the image, 3 of the body map, 3 of the unwrapped image."""
    return 3 + 3 * config.condition_on_body + 3 * _unwraps(config)


def _unwraps(config: GeneratorConfig) -> bool:
    return config.unwrap_image and config.condition_on_body


class Encoder(nn.Module):
    """E of the published model: a 7x7 convolution and two of stride 2 over the stacked inputs (sizes of LGGAN).

    With `unwrap_image` three more input channels hold the picture's colours at each texel's body point (ours). Without
    `condition_on_body` neither the body map nor the unwrapped image, which is made from it, is an input.
    """

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.condition_on_body = config.condition_on_body
        self.unwrap = _unwraps(config)
        channels = config.base_features
        self.first = ConvBlock(input_channels(config), channels, kernel=7, reflect=True)
        self.second = ConvBlock(channels, 2 * channels, stride=2)
        self.third = ConvBlock(2 * channels, 4 * channels, stride=2)
        self.place = TexelEmbedding(4 * channels) if config.texel_embedding else nn.Identity()

    def forward(self, image: torch.Tensor, body_uv: torch.Tensor, camera: torch.Tensor) -> Encoded:
        """Features of image [B, 3, I, I], body_uv [B, 3, U, U] (m) and camera [B, 3] (m, root-relative)."""
        inputs = in_layout_of(self.first[0].weight, self.stack(image, body_uv, camera))  # type: ignore[arg-type]
        full = self.first(inputs)
        half = self.second(full)
        return Encoded(inputs, full, half, self.place(self.third(half)))

    def stack(self, image: torch.Tensor, body_uv: torch.Tensor, camera: torch.Tensor) -> torch.Tensor:
        """The input channels [B, 3 to 9, U, U]: the resized image, then the body map, then the unwrapped image."""
        size = body_uv.shape[-2:]
        shrinks = image.shape[-1] > size[-1]
        resized = (
            image
            if image.shape[-2:] == size
            else F.interpolate(image, size=size, mode="bilinear", align_corners=False, antialias=shrinks)
        )
        channels = [resized]
        if self.condition_on_body:
            channels.append(body_uv)
        if self.unwrap:
            channels.append(unwrap_image(image, body_uv, camera))
        return torch.cat(channels, dim=1)
