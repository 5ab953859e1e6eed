"""The published architecture, beside the defaults, which are what our own sweep found."""

from garment_uv.networks.config import DiscriminatorConfig, GeneratorConfig, LocalBranchConfig
from garment_uv.training.config import TrainingConfig
from garment_uv.training.trial import TrialConfig


def published_architecture() -> TrialConfig:
    """A trial of LGGAN's networks (Tang et al., CVPR 2020) on garment maps, none of our options on; all else default.

    Every field that decides the networks is given, so that no default of ours reaches them.
    """
    return TrialConfig(
        generator=GeneratorConfig(
            base_features=64,
            global_downsamples=2,
            residual_blocks=9,
            local=LocalBranchConfig(
                mode="per_class", features=64, depth=1, stride=1, kernel=7, aggregation="concat", class_pooling="image"
            ),
            condition_on_body=True,
            target="displacement",
            frame="sample",
            segments="given",
            texel_embedding=False,
            unwrap_image=False,
        ),
        discriminator=DiscriminatorConfig(base_features=64, layers=4, scales=2),
        training=TrainingConfig(ema_decay=0.0, mirror=False, colour_jitter=0.0),
    )
