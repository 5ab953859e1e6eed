"""A whole sweep in minutes on two CPU cores: small maps, small networks, nine trials."""

from garment_sweeps.experiment import AshaConfig, Choice, Experiment, FinalsConfig, Float, ResourcesConfig, Space
from garment_uv.losses.config import LossConfig
from garment_uv.networks.config import DiscriminatorConfig, GeneratorConfig, LocalBranchConfig
from garment_uv.training.config import DataConfig, EvaluationConfig, OptimiserConfig, TrainingConfig
from garment_uv.training.trial import TrialConfig


def small() -> TrialConfig:
    """The full model with every part in it, at a width that trains on one CPU core."""
    return TrialConfig(
        data=DataConfig(uri=".garment/dataset"),
        generator=GeneratorConfig(
            base_features=8,
            global_downsamples=1,
            residual_blocks=2,
            local=LocalBranchConfig(features=16, kernel=3),
        ),
        discriminator=DiscriminatorConfig(base_features=8, layers=2, scales=1),
        loss=LossConfig(),
        training=TrainingConfig(
            epochs=9,
            batch_size=2,
            optimiser=OptimiserConfig(generator_lr=2e-3, discriminator_lr=1e-3, beta1=0.5, beta2=0.99),
        ),
        evaluation=EvaluationConfig(max_samples=8, meshes=6),
    )


def experiment() -> Experiment:
    """What `garment sweep quickstart` runs."""
    return Experiment(
        name="quickstart",
        description="Learning rate, adversarial weight, local branches and frame of a small model, on the CPU",
        base=small(),
        space=Space(
            parameters=(
                Float(path="training.optimiser.generator_lr", low=5e-4, high=8e-3, log=True),
                Float(path="loss.adversarial", low=1e-4, high=1e-1, log=True),
                Choice(path="generator.local.mode", options=("per_class", "grouped", "shared")),
                Choice(path="generator.frame", options=("sample", "body")),
            )
        ),
        trials=9,
        startup_trials=4,
        scheduler=AshaConfig(grace_epochs=2, reduction=2),
        finals=FinalsConfig(finalists=2, seeds=2),
        resources=ResourcesConfig(cpus=1),
    )
