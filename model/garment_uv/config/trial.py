"""The config of one trial: everything that decides its numbers."""

from pydantic import Field

from garment_uv.config.base import Config
from garment_uv.losses.config import LossConfig
from garment_uv.networks.config import DiscriminatorConfig, GeneratorConfig
from garment_uv.training.config import DataConfig, EvaluationConfig, TrainingConfig


class TrialConfig(Config):
    """One training of the full model on one dataset with one seed."""

    data: DataConfig = DataConfig()
    generator: GeneratorConfig = GeneratorConfig()
    discriminator: DiscriminatorConfig = DiscriminatorConfig()
    loss: LossConfig = LossConfig()
    training: TrainingConfig = TrainingConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    seed: int = Field(default=0, ge=0, lt=2**31)
