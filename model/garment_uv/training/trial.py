"""The config of one trial, everything that decides its numbers; and the published architecture beside the defaults."""

from pydantic import Field

from garment_uv.config import Config
from garment_uv.losses.config import LossConfig
from garment_uv.networks.config import DiscriminatorConfig, GeneratorConfig, LocalBranchConfig
from garment_uv.training.config import DataConfig, EvaluationConfig, TrainingConfig


class TrialConfig(Config):
    """One training of the full model on one dataset with one seed.

    Networks, averaging and mirrored samples are by default what our own sweep found (`experiments/trunk.py`;
    `experiments/default_parts.py` measures each one's worth); the published ones are `published_architecture`. A field
    that a stored config does not name has its own default, not this one.
    """

    data: DataConfig = DataConfig()
    generator: GeneratorConfig = GeneratorConfig(
        base_features=24,
        residual_blocks=4,
        local=LocalBranchConfig(stride=2, features=32, kernel=3),
        texel_embedding=True,
    )
    discriminator: DiscriminatorConfig = DiscriminatorConfig(base_features=16)
    loss: LossConfig = LossConfig()
    training: TrainingConfig = TrainingConfig(ema_decay=0.99, mirror="auto")
    evaluation: EvaluationConfig = EvaluationConfig()
    seed: int = Field(default=0, ge=0, lt=2**31)


def published_architecture() -> TrialConfig:
    """LGGAN's networks (Tang et al., CVPR 2020) on garment maps, each field given; none of our options on."""
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
