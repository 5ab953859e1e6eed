"""A small space that is trained whole, once: 126 configs whose curves `benchmarks/search_replay.py` replays."""

from garment_sweeps.experiment import Choice, Experiment, Float, ResourcesConfig, Space
from garment_uv.losses.config import LossConfig
from garment_uv.networks.config import DiscriminatorConfig, GeneratorConfig, LocalBranchConfig
from garment_uv.training.config import DataConfig, EvaluationConfig, OptimiserConfig, TrainingConfig
from garment_uv.training.trial import TrialConfig


def small() -> TrialConfig:
    """The quickstart's model on maps of 32 texels, 16 epochs, so that the whole grid takes 47 minutes of one core.

    The dataset: `garment data synthesize --out RAW --sequences 26 --frames 4 --seed 7`, then
    `garment data prepare --raw RAW --out .garment/dataset32 --map-size 32 --image-size 32 --subdivisions 0`.
    """
    return TrialConfig(
        data=DataConfig(uri=".garment/dataset32"),
        generator=GeneratorConfig(
            base_features=8,
            global_downsamples=1,
            residual_blocks=2,
            local=LocalBranchConfig(features=16, kernel=3, class_pooling="mask"),
            unwrap_image=True,
        ),
        discriminator=DiscriminatorConfig(base_features=8, layers=2, scales=1),
        loss=LossConfig(),
        training=TrainingConfig(
            epochs=16,
            batch_size=4,
            optimiser=OptimiserConfig(generator_lr=1e-3, discriminator_lr=1e-3, beta1=0.5, beta2=0.99),
            threads=1,
            device="cpu",
        ),
        evaluation=EvaluationConfig(max_samples=8, predicted="never", meshes=0),
    )


def experiment() -> Experiment:
    """A full grid; its largest learning rate diverges. Nothing is said of sampler and scheduler: the defaults."""
    return Experiment(
        name="small_table",
        description="Learning rate, smoothing, local branches and frame of a small model, tabulated",
        base=small(),
        space=Space(
            parameters=(
                Float(path="training.optimiser.generator_lr", low=1e-4, high=1.0, log=True, levels=7),
                Float(path="loss.laplacian", low=1e-2, high=1e2, log=True, levels=3),
                Choice(path="generator.local.mode", options=("per_class", "shared", "none")),
                Choice(path="generator.frame", options=("sample", "body")),
            )
        ),
        trials=64,
        try_base=False,
        resources=ResourcesConfig(cpus=1),
    )
