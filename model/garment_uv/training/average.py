"""A running average of the generator's weights, which is evaluated and saved in their place (an option of ours)."""

from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel


def weight_average(network: nn.Module, decay: float) -> AveragedModel:
    """An exponential moving average of a network's weights, its `module`; `update_parameters` takes in a step's.

    The first steps count for more, so that the average does not carry the initial weights along: the decay of step n is
    at most (1 + n) / (10 + n).
    """

    def take_in(averages: list[Tensor], fresh: list[Tensor], _: Tensor) -> None:
        step = int(averaged.n_averaged)  # read here, on the CPU: asking a device would wait for it
        rate = min(decay, (1 + step) / (10 + step))
        for average, value in zip(averages, fresh, strict=True):
            average.lerp_(value, 1 - rate)

    averaged = AveragedModel(network, multi_avg_fn=take_in, use_buffers=True)
    averaged.n_averaged.fill_(1)  # at 0 torch would begin with the first step's weights instead of averaging them
    return averaged.requires_grad_(False)
