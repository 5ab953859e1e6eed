"""The discriminator D: are a map and a body map a real pair?"""

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from garment_uv.networks.blocks import in_layout_of, initialise
from garment_uv.networks.config import DiscriminatorConfig
from garment_uv.uv.units import MAP_UNITS, Target

MOST_WIDENING = 8
"""Channels double from layer to layer up to this many times the first layer's."""


class PatchDiscriminator(nn.Module):
    """One PatchGAN: `layers` convolutions of 4x4, all but the last of stride 2, and one to patch logits.

    Spectral norm on every convolution (Miyato et al. 2018) and no other normalisation: a map's absolute size, a few
    centimetres, is what instance normalisation would hide (ours).
    """

    def __init__(self, inputs: int, config: DiscriminatorConfig) -> None:
        super().__init__()
        channels, layers = inputs, []
        for index in range(config.layers):
            outputs = config.base_features * min(2**index, MOST_WIDENING)
            stride = 1 if index == config.layers - 1 else 2
            layers.append(nn.Conv2d(channels, outputs, kernel_size=4, stride=stride, padding=2))
            channels = outputs
        layers.append(nn.Conv2d(channels, 1, kernel_size=4, padding=2))
        self.layers = nn.ModuleList(layers)
        initialise(self)
        for layer in self.layers:
            spectral_norm(layer)

    def forward(self, stacked: torch.Tensor) -> list[torch.Tensor]:
        """Features after each layer, and patch logits [B, 1, h, w] last, of stacked maps [B, 3 or 6, H, W]."""
        features = [stacked]
        for layer in self.layers[:-1]:
            features.append(F.leaky_relu(layer(features[-1]), 0.2))
        return [*features[1:], self.layers[-1](features[-1])]


class Discriminator(nn.Module):
    """Several PatchGANs, each on half the size of the one before (two of four layers by default, LGGAN).

    The condition is the body UV map, not the image. Maps are seen in the generator's units: 1 is 5 cm of
    displacement (or 0.5 m of position, with target 'position'), so that they weigh as much as the body map.
    """

    def __init__(
        self, config: DiscriminatorConfig, condition_on_body: bool = True, target: Target = "displacement"
    ) -> None:
        super().__init__()
        self.condition_on_body = condition_on_body
        self.unit = MAP_UNITS[target].unit
        inputs = 6 if condition_on_body else 3
        self.scales = nn.ModuleList(PatchDiscriminator(inputs, config) for _ in range(config.scales))

    def forward(self, maps: torch.Tensor, body_uv: torch.Tensor) -> list[list[torch.Tensor]]:
        """Per scale, finest first: features and then patch logits, of maps and body_uv [B, 3, U, U] in metres."""
        stacked = maps / self.unit
        if self.condition_on_body:
            stacked = torch.cat((stacked, body_uv), dim=1)
        stacked = in_layout_of(self.scales[0].layers[-1].weight, stacked)  # type: ignore[index, union-attr]
        answers = []
        for index, scale in enumerate(self.scales):
            if index:
                stacked = F.avg_pool2d(stacked, 3, stride=2, padding=1, count_include_pad=False)
            answers.append(scale(stacked))
        return answers
