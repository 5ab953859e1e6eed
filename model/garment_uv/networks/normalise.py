"""Instance normalisation that is fast in both memory layouts of the CPU."""

import torch
from torch import nn

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
