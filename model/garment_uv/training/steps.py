"""One step of the generator and one of the discriminator, in LGGAN's order: G first, then D."""

from dataclasses import fields, replace

import torch

from garment_uv.losses.adversarial import DiscriminatorLoss, discriminator_maps
from garment_uv.losses.generator_loss import GeneratorLoss
from garment_uv.networks.discriminator import Discriminator
from garment_uv.networks.generator import GarmentGenerator, GeneratorOutput
from garment_uv.samples.batch import Batch
from garment_uv.training.device import Precision


class AdversarialSteps:
    """The two networks, their losses and optimisers, and how a batch changes them.

    D judges the maps that this batch's G step was computed from, detached (LGGAN runs the changed generator
    again; ours saves that second forward pass). Where no loss needs the discriminator it is not trained.
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
        self.generator = generator
        self.discriminator = discriminator
        self.adversarial = generator_loss.needs_discriminator
        self._generator_loss = generator_loss
        self._discriminator_loss = DiscriminatorLoss()
        self._generator_optimiser = generator_optimiser
        self._discriminator_optimiser = discriminator_optimiser
        self._precision = precision

    def __call__(self, batch: Batch) -> dict[str, torch.Tensor]:
        """Train on one batch; detached scalar losses by name, with 'discriminator' if that was trained.

        Of several processes that train together each has its part of a loss; they add up to it.
        """
        with self._precision.autocast():
            output = self.generator(batch.image, batch.body_uv, batch.camera, batch.segments)
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
