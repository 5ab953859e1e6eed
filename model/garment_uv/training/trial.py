"""The config of one trial: everything that decides its numbers."""

from pydantic import Field

from garment_uv.config import Config
from garment_uv.losses.config import LossConfig
from garment_uv.networks.config import DiscriminatorConfig, GeneratorConfig, LocalBranchConfig
from garment_uv.training.config import DataConfig, EvaluationConfig, TrainingConfig


class TrialConfig(Config):
    """One training of the full model on one dataset with one seed.

    Networks, averaging and mirrored samples are by default what our own sweep found (`experiments/trunk.py`), and what
    each of them is worth was measured (`experiments/default_parts.py`; figures in `experiments/results/README.md`); the
    published ones are `training.published.published_architecture`. A field that a stored config does not name has its
    own default, not this one.
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
