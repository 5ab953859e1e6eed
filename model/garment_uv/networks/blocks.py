"""The convolution blocks that the networks are made of; instance normalisation, so that batch size 1 is safe.
"""

import torch
from torch import nn


class ConvBlock(nn.Sequential):
    """Convolution, instance normalisation, ReLU: [B, inputs, H, W] to [B, outputs, H/stride, W/stride]."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int = 3, stride: int = 1, reflect: bool = False
    ) -> None:
        padding = kernel // 2
        mode = "reflect" if reflect else "zeros"
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False, padding_mode=mode),
            nn.InstanceNorm2d(outputs, affine=True),
            nn.ReLU(inplace=True),
        )


class UpBlock(nn.Sequential):
    """Transposed convolution to twice the size, instance normalisation, ReLU: [B, inputs, H, W] to [B,
    outputs, 2H, 2W].

    A kernel of 4 at stride 2 covers every texel by equally many taps, so that no checkerboard enters the maps
    (ours).
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(
            nn.ConvTranspose2d(inputs, outputs, kernel_size=4, stride=2, padding=1, bias=False),
            nn.InstanceNorm2d(outputs, affine=True),
            nn.ReLU(inplace=True),
        )


class ResidualBlock(nn.Module):
    """x + two 3x3 convolutions of x, all [B, features, H, W] (He et al., CVPR 2016; reflect-padded as in
    LGGAN).
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        self.inner = nn.Sequential(
            ConvBlock(features, features, reflect=True),
            nn.Conv2d(features, features, 3, padding=1, bias=False, padding_mode="reflect"),
            nn.InstanceNorm2d(features, affine=True),
        )

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return features + self.inner(features)


def initialise(module: nn.Module) -> None:
    """Kaiming-normal weights for every convolution and linear layer in `module`, biases zero."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def initialise_small(layer: nn.Conv2d, gain: float = 0.05) -> None:
    """Weights so small that inputs of unit size give outputs of about `gain`: a map starts near zero (ours).
    """
    fan_in = layer.weight[0].numel()
    nn.init.normal_(layer.weight, std=gain / fan_in**0.5)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
