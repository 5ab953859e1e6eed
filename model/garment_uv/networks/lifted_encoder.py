"""The encoder of `image='lifted'`: what the picture's network sees is lifted onto the map, and completed there (ours).

The published encoder stacks the picture onto the map, where a texel's own pixel lies far outside what a convolution
sees. Here each texel is given the features of its own pixels, and a code of the whole picture steers what is made of
them; the published paths go on from these features.
"""

import torch
from torch import nn

from garment_uv.networks.backbones.unet import UNet
from garment_uv.networks.blocks import ConvBlock
from garment_uv.networks.config import GeneratorConfig
from garment_uv.networks.encoder import Encoded, Seen, TexelEmbedding
from garment_uv.networks.lifting import LABELS, lift, map_channels
from garment_uv.networks.person_view import CHANNELS, view_person


class Steering(nn.Module):
    """Scales and shifts features by a code, at first by nothing (FiLM, Perez et al., AAAI 2018)."""

    def __init__(self, code: int, channels: int) -> None:
        super().__init__()
        self.linear = nn.Linear(code, 2 * channels)

    def start_still(self) -> None:
        """Set the layer to change nothing; called after the general initialisation."""
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, features: torch.Tensor, code: torch.Tensor) -> torch.Tensor:
        """Features [B, C, H, W] steered by a code [B, Z]."""
        scale, shift = self.linear(code)[:, :, None, None].chunk(2, dim=1)
        return features * (1 + scale) + shift


class LiftedEncoder(nn.Module):
    """Image network, lifting, and three levels of features on the map, each steered by the picture's code."""

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.settings = config.lifted
        code, channels = config.lifted.code, config.base_features
        self.picture = UNet(CHANNELS, config.lifted.width, config.lifted.features + LABELS, code)
        entry = nn.Conv2d(map_channels(config.lifted), channels, 1)
        self.first = nn.Sequential(entry, nn.ReLU(inplace=True), ConvBlock(channels, channels))
        self.second = ConvBlock(channels, 2 * channels, stride=2)
        self.third = ConvBlock(2 * channels, 4 * channels, stride=2)
        self.steering = nn.ModuleList([Steering(code, channels * growth) for growth in (1, 2, 4)])
        self.place = TexelEmbedding(4 * channels) if config.texel_embedding else nn.Identity()

    def start_still(self) -> None:
        """Have no picture steer anything yet; called after the general initialisation."""
        for each in self.steering:
            each.start_still()  # type: ignore[operator]

    def forward(
        self,
        image: torch.Tensor,
        body_uv: torch.Tensor,
        camera: torch.Tensor,
        frames: torch.Tensor,
        mask: torch.Tensor | None = None,
    ) -> Encoded:
        """Features of image [B, 3, I, I], body_uv [B, 3, U, U] (m), camera [B, 3] (m, root-relative).

        `frames` [B, 3, 3, U, U] are the surface's. `mask`, uint8 [B, I, I], says how much of each pixel is the person;
        without one all that is not black is.
        """
        with torch.autocast(device_type=image.device.type, enabled=False):
            person = (image > -1).any(dim=1, keepdim=True).float() if mask is None else mask[:, None].float() / 255
            normals = frames[:, 2]
            view = view_person(image, person, body_uv, normals, camera, self.settings.pixels)
        features, code = self.picture(view.pixels)
        with torch.autocast(device_type=image.device.type, enabled=False):
            features = features.float()
            parsing = features[:, :LABELS]
            seen = torch.cat((parsing.softmax(dim=1), features[:, LABELS:]), dim=1)
            inputs = lift(seen, view, body_uv, normals, camera, self.settings.heights)
        full = self.steering[0](self.first(inputs), code)
        half = self.steering[1](self.second(full), code)
        quarter = self.steering[2](self.third(half), code)
        return Encoded(inputs, full, half, self.place(quarter), Seen(code, parsing, view.square))
