"""What learns in a training: both networks, their optimisers and the average of the generator's weights."""

from pathlib import Path
from typing import cast

import torch

from garment_uv.networks.blocks import recompute_residuals
from garment_uv.networks.discriminator import Discriminator
from garment_uv.networks.generator import GarmentGenerator
from garment_uv.training import checkpoint
from garment_uv.training.average import weight_average
from garment_uv.training.device import place
from garment_uv.training.model_file import load_weights
from garment_uv.training.trial import TrialConfig


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
