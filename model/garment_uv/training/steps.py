"""What learns in a training, and how one step of it changes that, in LGGAN's order: the generator first, then D."""

from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from garment_uv.losses.adversarial import DiscriminatorLoss, discriminator_maps
from garment_uv.losses.generator_loss import GeneratorLoss
from garment_uv.networks.blocks import recompute_residuals
from garment_uv.networks.discriminator import Discriminator
from garment_uv.networks.generator import GarmentGenerator, GeneratorOutput
from garment_uv.samples.batch import Batch
from garment_uv.training import checkpoint
from garment_uv.training.device import Precision, place
from garment_uv.training.model_file import load_weights
from garment_uv.training.trial import TrialConfig


def weight_average(network: nn.Module, decay: float) -> AveragedModel:
    """An exponential moving average of a network's weights, its `module`; `update_parameters` takes in a step's.

    The decay of step n is at most (1 + n) / (10 + n), so that the initial weights are not carried along.
    """

    def take_in(averages: Sequence[Tensor], fresh: Sequence[Tensor], _: Tensor | int) -> None:
        step = int(averaged.n_averaged)  # read here, on the CPU: asking a device would wait for it
        rate = min(decay, (1 + step) / (10 + step))
        for average, value in zip(averages, fresh, strict=True):
            average.lerp_(value, 1 - rate)

    averaged = AveragedModel(network, multi_avg_fn=take_in, use_buffers=True)
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


class AdversarialSteps:
    """The two networks, their losses and optimisers, and how a batch changes them.

    D judges the maps of this batch's G step, detached (LGGAN runs G again). It is trained where a loss needs it.
    """

    def __init__(
        self,
        generator: GarmentGenerator,
        discriminator: Discriminator,
        generator_loss: GeneratorLoss,
        generator_optimiser: torch.optim.Optimizer,
        discriminator_optimiser: torch.optim.Optimizer,
        precision: Precision,
    ) -> None:
        self.generator, self.discriminator = generator, discriminator
        self.adversarial = generator_loss.needs_discriminator
        self._generator_loss, self._discriminator_loss = generator_loss, DiscriminatorLoss()
        self._generator_optimiser, self._discriminator_optimiser = generator_optimiser, discriminator_optimiser
        self._precision = precision

    def __call__(self, batch: Batch) -> dict[str, torch.Tensor]:
        """Train on one batch; detached scalar losses by name, of several processes each its part of their sum."""
        with self._precision.autocast():
            output = self.generator(batch.image, batch.body_uv, batch.camera, batch.segments, batch.frames, batch.mask)
        output = _in_float32(output)
        if not self.adversarial:
            return self._generator_step(output, batch, None, None)
        fake, true = discriminator_maps(output, batch, self.generator.config.target)
        losses = self._generator_step(output, batch, fake, true)
        losses["discriminator"] = self._discriminator_step(fake.detach(), true, batch)
        return losses

    def _generator_step(
        self, output: GeneratorOutput, batch: Batch, fake: torch.Tensor | None, true: torch.Tensor | None
    ) -> dict[str, torch.Tensor]:
        fake_features = real_features = None
        if fake is not None:
            self.discriminator.requires_grad_(False)
            with self._precision.autocast():
                fake_features = self.discriminator(fake, batch.body_uv)
                with torch.no_grad():
                    real_features = self.discriminator(true, batch.body_uv)
        terms = self._generator_loss(output, batch, fake_features, real_features)
        self._precision.step(terms["total"], self._generator_optimiser)
        self.discriminator.requires_grad_(True)
        return {name: term.detach() for name, term in terms.items()}

    def _discriminator_step(self, fake: torch.Tensor, true: torch.Tensor, batch: Batch) -> torch.Tensor:
        with self._precision.autocast():
            real_features = self.discriminator(true, batch.body_uv)
            fake_features = self.discriminator(fake, batch.body_uv)
        term = {"discriminator": self._discriminator_loss(real_features, fake_features)}
        loss = self._generator_loss.means(term, batch)["discriminator"]
        self._precision.step(loss, self._discriminator_optimiser)
        return loss.detach()


def _in_float32(output: GeneratorOutput) -> GeneratorOutput:
    """The output with every half-precision tensor in float32: losses are computed in fp32."""
    changes = {}
    for item in fields(output):
        value = getattr(output, item.name)
        if isinstance(value, torch.Tensor) and value.is_floating_point() and value.dtype != torch.float32:
            changes[item.name] = value.float()
    return replace(output, **changes) if changes else output
