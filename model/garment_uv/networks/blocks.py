"""The convolution blocks that the networks are made of; instance normalisation, so that batch size 1 is safe."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint

from garment_uv.networks.normalise import InstanceNorm


class ReflectConv(nn.Conv2d):
    """A convolution over reflected borders that keeps the size; the border is made in the features' own float type.

    (Torch's own padding mode leaves autocast's half precision for it, which costs a copy of all features.)
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, bias: bool = True) -> None:
        super().__init__(inputs, outputs, kernel, stride, bias=bias)
        self.border = (kernel // 2,) * 4

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        with torch.autocast(device_type=features.device.type, enabled=False):
            padded = F.pad(features, self.border, mode="reflect")
        return super().forward(padded)


class ConvBlock(nn.Sequential):
    """Convolution, instance normalisation, ReLU: [B, inputs, H, W] to [B, outputs, H/stride, W/stride]."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 3, stride: int = 1, reflect: bool = False) -> None:
        convolution: nn.Module
        if reflect:
            convolution = ReflectConv(inputs, outputs, kernel, stride, bias=False)
        else:
            convolution = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False)
        super().__init__(convolution, InstanceNorm(outputs), nn.ReLU(inplace=True))


class UpBlock(nn.Sequential):
    """Transposed convolution to twice the size, instance normalisation, ReLU: [B, inputs, H, W] to [B, outputs, 2H,
    2W].

    A kernel of 4 at stride 2 covers every texel by equally many taps, so that no checkerboard enters the maps (ours).
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(
            nn.ConvTranspose2d(inputs, outputs, kernel_size=4, stride=2, padding=1, bias=False),
            InstanceNorm(outputs),
            nn.ReLU(inplace=True),
        )


class ResidualBlock(nn.Module):
    """x + two 3x3 convolutions of x, all [B, features, H, W] (He et al., CVPR 2016; reflect-padded as in LGGAN)."""

    recompute = False
    """Set by `recompute_residuals`."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.inner = nn.Sequential(
            ConvBlock(features, features, reflect=True),
            ReflectConv(features, features, 3, bias=False),
            InstanceNorm(features),
        )

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        if self.recompute and torch.is_grad_enabled():
            return features + checkpoint(self.inner, features, use_reentrant=False, preserve_rng_state=False)
        return features + self.inner(features)


def recompute_residuals(network: nn.Module, recompute: bool = True) -> None:
    """Have residual blocks keep only their input for the backward pass and compute the rest again; the same numbers."""
    for layer in network.modules():
        if isinstance(layer, ResidualBlock):
            layer.recompute = recompute


def in_layout_of(weight: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
    """Features [B, C, H, W] in the memory layout of a convolution's weight, so that all that is made of them has it."""
    last = weight.is_contiguous(memory_format=torch.channels_last) and not weight.is_contiguous()
    return features.contiguous(memory_format=torch.channels_last if last else torch.contiguous_format)


def initialise(module: nn.Module) -> None:
    """Kaiming-normal weights for every convolution and linear layer in `module`, biases zero."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def initialise_small(layer: nn.Conv2d, gain: float = 0.05) -> None:
    """Weights so small that inputs of unit size give outputs of about `gain`: a map starts near zero (ours)."""
    fan_in = layer.weight[0].numel()
    nn.init.normal_(layer.weight, std=gain / fan_in**0.5)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
