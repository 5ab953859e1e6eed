"""What the losses read of a generator's answer, and the adversarial game: maps, hinge losses, feature matching."""

from typing import Protocol

import torch
import torch.nn.functional as F
from torch import nn

from garment_uv.samples.batch import Batch
from garment_uv.uv.segments import garment_mask
from garment_uv.uv.units import Target, target_map


class PredictedMaps(Protocol):
    """The maps and logits of one batch; see `networks.generator.GeneratorOutput`."""

    @property
    def displacement(self) -> torch.Tensor:
        """float32 [B, 3, U, U] garment minus body, metres."""

    @property
    def prediction(self) -> torch.Tensor:
        """float32 [B, 3, U, U] metres: what was predicted, the displacement or the garment's position."""

    @property
    def class_logits(self) -> torch.Tensor | None:
        """[B, 6, 6]; None without local branches."""

    @property
    def class_present(self) -> torch.Tensor | None:
        """bool [B, 6]: the rows of `class_logits` whose mask holds a texel."""

    @property
    def segment_logits(self) -> torch.Tensor:
        """[B, 7, U, U], channel 0 no garment."""

    @property
    def outfit_logits(self) -> torch.Tensor | None:
        """[B, K] over `classes.COMBINATIONS`; None, as the next two, where the picture is stacked onto the map."""

    @property
    def parsing_logits(self) -> torch.Tensor | None:
        """[B, 8, n, n] of the person's square."""

    @property
    def square(self) -> torch.Tensor | None:
        """[B, 3] where that is."""


Features = list[list[torch.Tensor]]
"""What a discriminator answers: per scale its features, then its patch logits last."""


def discriminator_maps(output: PredictedMaps, batch: Batch, target: Target) -> tuple[torch.Tensor, torch.Tensor]:
    """Predicted and true map [B, 3, U, U] (m) for the discriminator, both 0 outside the true garments (ours)."""
    mask = garment_mask(batch.segments)
    true = target_map(batch.displacement_uv, batch.body_uv, target)
    return output.prediction * mask, true * mask


def adversarial_loss(fake: Features) -> torch.Tensor:
    """Generator's side of the hinge game: minus the mean logit of predicted maps, over scales."""
    return torch.stack([-scale[-1].float().mean() for scale in fake]).mean()


class DiscriminatorLoss(nn.Module):
    """Discriminator's side: relu(1 - real) + relu(1 + fake), over patches and scales (Lim and Ye 2017; as LGGAN)."""

    def forward(self, real: Features, fake: Features) -> torch.Tensor:
        """Scalar loss of the discriminator's answers to true and to (detached) predicted maps."""
        return torch.stack(
            [
                F.relu(1 - true[-1].float()).mean() + F.relu(1 + made[-1].float()).mean()
                for true, made in zip(real, fake, strict=True)
            ]
        ).mean()


def feature_matching_loss(fake: Features, real: Features) -> torch.Tensor:
    """Mean absolute difference of features over layers and scales, no logits (Wang et al., CVPR 2018; as LGGAN)."""
    return torch.stack(
        [
            (made.float() - true.detach().float()).abs().mean()
            for made_scale, true_scale in zip(fake, real, strict=True)
            for made, true in zip(made_scale[:-1], true_scale[:-1], strict=True)
        ]
    ).mean()
