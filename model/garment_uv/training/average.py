"""A running average of the generator's weights, which is evaluated and saved in their place (an option of ours)."""

from copy import deepcopy

import torch
from torch import nn


class WeightAverage:
    """Exponential moving average of a network's weights.

    The first steps count for more, so that the average does not carry the initial weights along: the decay of step n is
    at most (1 + n) / (10 + n).
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.network = deepcopy(network).requires_grad_(False)
        """The network with averaged weights."""
        self.steps = 0
        self._decay = decay

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Take in the weights of `network` as they are after a step."""
        self.steps += 1
        decay = min(self._decay, (1 + self.steps) / (10 + self.steps))
        fresh = network.state_dict()
        for name, average in self.network.state_dict().items():
            if average.is_floating_point():
                average.lerp_(fresh[name], 1 - decay)
            else:
                average.copy_(fresh[name])
