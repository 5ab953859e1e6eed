"""The convolution blocks that the networks are made of; instance normalisation, so that batch size 1 is safe."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint

EPSILON = 1e-5


class InstanceNorm(nn.Module):
    """Each channel of each sample to mean 0 and variance 1 over its texels, scaled and shifted (Ulyanov et al. 2016).

    The same numbers as torch's own, which first copies a channels-last tensor into the other layout and leaves its
    result there; this one keeps the layout, as the convolutions around it want it.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Normalised features [B, C, H, W], in their own float type and layout."""
        if features.device.type == "cpu" and _is_channels_last(features):
            return _SampleBySample.apply(features, self.weight, self.bias)
        return nn.functional.instance_norm(features, weight=self.weight, bias=self.bias, eps=EPSILON)


class _SampleBySample(torch.autograd.Function):
    """Over one sample batch normalisation is instance normalisation, and torch has it for channels-last tensors."""

    @staticmethod
    def forward(ctx, features, weight, bias):
        normalised = torch.empty_like(features)
        statistics = []
        for sample in range(len(features)):
            one, *found = torch.native_batch_norm(
                features[sample : sample + 1], weight, bias, None, None, True, 0.0, EPSILON
            )
            normalised[sample] = one[0]
            statistics += found
        ctx.save_for_backward(features, weight, *statistics)
        return normalised

    @staticmethod
    def backward(ctx, gradient):
        features, weight, *statistics = ctx.saved_tensors
        gradient = gradient.contiguous(memory_format=torch.channels_last)
        to_features = torch.empty_like(features)
        to_weight, to_bias = torch.zeros_like(weight), torch.zeros_like(weight)
        for sample in range(len(features)):
            found = torch.ops.aten.native_batch_norm_backward(
                gradient[sample : sample + 1], features[sample : sample + 1], weight, None, None,
                statistics[2 * sample], statistics[2 * sample + 1], True, EPSILON, [True, True, True],
            )  # fmt: skip
            to_features[sample] = found[0][0]
            to_weight += found[1]
            to_bias += found[2]
        return to_features, to_weight, to_bias


def _is_channels_last(features: torch.Tensor) -> bool:
    return features.is_contiguous(memory_format=torch.channels_last) and not features.is_contiguous()


class ReflectConv(nn.Conv2d):
    """A convolution over reflected borders that keeps the size; torch's own would leave autocast's half precision."""

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
    """Transposed convolution to twice the size, normalisation, ReLU: [B, inputs, H, W] to [B, outputs, 2H, 2W].

    A kernel of 4 at stride 2 covers every texel by equally many taps: no checkerboard enters the maps (ours).
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


def count_parameters(network: nn.Module) -> dict[str, int]:
    """Trainable numbers per direct part of `network`, and 'total'; a part's normalised weights count once."""
    counts = {name: _trainable(part) for name, part in network.named_children()}
    return {**counts, "total": _trainable(network)}


def _trainable(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)
