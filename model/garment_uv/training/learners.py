"""What learns in a training: both networks, their optimisers and the average of the generator's weights."""

from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from garment_uv.networks.blocks import recompute_residuals
from garment_uv.networks.discriminator import Discriminator
from garment_uv.networks.generator import GarmentGenerator
from garment_uv.training import checkpoint
from garment_uv.training.device import place
from garment_uv.training.model_file import load_weights
from garment_uv.training.trial import TrialConfig


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

    averaged = AveragedModel(network, multi_avg_fn=take_in, use_buffers=True)  # type: ignore[arg-type]
    averaged.n_averaged.fill_(1)  # at 0 torch would begin with the first step's weights instead of averaging them
    return averaged.requires_grad_(False)


class Learners:
    """Networks as `config` has them, begun from the process's random numbers, with one Adam each."""

    def __init__(self, config: TrialConfig, device: torch.device) -> None:
        self.generator = place(GarmentGenerator(config.generator), device)
        judge = Discriminator(config.discriminator, config.generator.condition_on_body, config.generator.target)
        self.discriminator = place(judge, device)
        decay = config.training.ema_decay
        self.average = weight_average(self.generator, decay) if decay else None
        recompute_residuals(self.generator, config.training.save_memory)
        rates = config.training.optimiser
        self._rates = {"generator": rates.generator_lr, "discriminator": rates.discriminator_lr}
        networks = {"generator": self.generator, "discriminator": self.discriminator}
        self.optimisers = {
            name: torch.optim.Adam(networks[name].parameters(), lr=rate, betas=(rates.beta1, rates.beta2), fused=True)
            for name, rate in self._rates.items()
        }

    def lay_out(self, layout: torch.memory_format) -> None:
        """Put the weights into this memory layout, before the first step: the moments of Adam follow them."""
        for network in (self.generator, self.discriminator, self.model):
            network.to(memory_format=layout)  # type: ignore[call-overload]

    def compile(self) -> None:
        """Have torch.compile take the backbone of the generator that is trained, at its first forward pass."""
        for module in self.generator.backbone():
            module.compile()

    @property
    def model(self) -> GarmentGenerator:
        """The generator that is evaluated and saved: with averaged weights where the config asks for them."""
        return cast(GarmentGenerator, self.average.module) if self.average else self.generator

    def begin_epoch(self, factor: float) -> None:
        """Both networks in training mode, their learning rates at `factor` times the config's."""
        self.train()
        for name, optimiser in self.optimisers.items():
            for group in optimiser.param_groups:
                group["lr"] = self._rates[name] * factor

    def train(self) -> None:
        """Both networks in training mode."""
        self.generator.train()
        self.discriminator.train()

    def tensors(self) -> dict[str, torch.Tensor]:
        """All of it but the weights of `model`, by 'part/name'."""
        tensors = {f"discriminator/{name}": value for name, value in self.discriminator.state_dict().items()}
        for name, optimiser in self.optimisers.items():
            tensors |= checkpoint.optimiser_tensors(f"{name}_optimiser", optimiser)
        if self.average:
            tensors |= {f"generator/{name}": value for name, value in self.generator.state_dict().items()}
            tensors["average/steps"] = self.average.n_averaged - 1
        return tensors

    def load(self, tensors: dict[str, torch.Tensor], weights: dict[str, torch.Tensor], folder: Path) -> None:
        """Go on from what `tensors()` gave and the weights of `model`; UserError names `folder` if they do not fit."""
        load_weights(self.model, weights, folder)
        if self.average:
            load_weights(self.generator, checkpoint.part("generator", tensors), folder)
            self.average.n_averaged.fill_(tensors["average/steps"] + 1)
        load_weights(self.discriminator, checkpoint.part("discriminator", tensors), folder)
        for name, optimiser in self.optimisers.items():
            checkpoint.load_optimiser(f"{name}_optimiser", optimiser, tensors)
