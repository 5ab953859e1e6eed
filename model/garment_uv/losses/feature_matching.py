"""Feature matching between the discriminator's answers to predicted and to true maps."""

import torch

from garment_uv.losses.adversarial import Features


def feature_matching_loss(fake: Features, real: Features) -> torch.Tensor:
    """Mean absolute difference of features, averaged over layers and scales; logits are left out.

    (Wang et al., CVPR 2018; as LGGAN.) The true maps' features pass no gradient.
    """
    return torch.stack([
        (made.float() - true.detach().float()).abs().mean()
        for made_scale, true_scale in zip(fake, real, strict=True)
        for made, true in zip(made_scale[:-1], true_scale[:-1], strict=True)
    ]).mean()
