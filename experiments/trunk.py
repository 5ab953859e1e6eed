"""Which trunk, branches, local resolution and discriminator reach the published error, and how much sooner?

garment data benchmark --out .garment/open192 --size 128 --workers 2
garment sweep trunk --name trunk-4
python experiments/benchmarks/against_published.py  # the best found beside the published architecture
"""

from garment_sweeps.experiment import (
    AshaConfig,
    Choice,
    Experiment,
    FinalsConfig,
    Float,
    Integer,
    ResourcesConfig,
    Space,
)
from garment_uv.training.trial import TrialConfig, published_architecture

EPOCHS = 6
TRAINING: dict[str, object] = {
    "data.uri": ".garment/open192/128",
    "training.epochs": EPOCHS,
    "training.batch_size": 4,
    "training.precision": "auto",
    "training.device": "cpu",
    "training.optimiser.generator_lr": 5e-4,
    "training.optimiser.discriminator_lr": 1e-3,
    "training.optimiser.beta1": 0.5,
    "training.optimiser.beta2": 0.99,
    "evaluation.every": 2,
    "evaluation.max_samples": 36,
    "evaluation.predicted": "never",
    "evaluation.meshes": 0,
}
"""What every trial here shares with the published architecture's training."""
SMALL: dict[str, object] = {
    "generator.base_features": 16,
    "generator.residual_blocks": 3,
    "generator.local.stride": 2,
    "generator.local.features": 32,
    "generator.local.kernel": 3,
    "discriminator.base_features": 16,
}
"""Where the search begins: a step of it takes less than a quarter of the published one's time."""
FOUND_RATE = 0.0003895632358105676
"""Of trial t00002 of the sweep whose figures are kept, for six epochs: no default for longer trainings."""
BRANCHED = {"generator.local.mode": ("per_class", "grouped", "shared")}


def published() -> TrialConfig:
    """The published architecture with nothing of ours, on maps of 128 texels; six epochs, which two cores can train."""
    return published_architecture().with_values(TRAINING)


def found() -> TrialConfig:
    """What the sweep found: the default networks, averaging and mirrored samples, and its rate for six epochs."""
    rate = {"training.optimiser.generator_lr": FOUND_RATE}
    return TrialConfig().with_values({**TRAINING, "training.mirror": True, **rate})


def experiment() -> Experiment:
    """Sizes of trunk and discriminator, set-up and resolution of the local path, options; error against time."""
    base = published().with_values({"training.threads": 1, "evaluation.max_samples": 108, **SMALL})
    return Experiment(
        name="trunk",
        description="A smaller trunk and local path for the same error",
        base=base,
        space=Space(
            parameters=(
                Choice(path="generator.base_features", options=(8, 12, 16, 24)),
                Integer(path="generator.residual_blocks", low=1, high=5),
                Integer(path="generator.global_downsamples", low=2, high=4),
                Choice(path="discriminator.base_features", options=(8, 16, 32)),
                Integer(path="discriminator.scales", low=1, high=2),
                Choice(path="generator.texel_embedding", options=(False, True)),
                Choice(path="generator.local.mode", options=("per_class", "grouped", "shared")),
                Choice(path="generator.local.stride", options=(1, 2), when=BRANCHED),
                Choice(path="generator.local.features", options=(16, 32), when=BRANCHED),
                Choice(path="generator.local.kernel", options=(3, 5), when=BRANCHED),
                Choice(path="training.ema_decay", options=(0.0, 0.99)),
                Choice(path="training.mirror", options=(False, True)),
                Float(path="training.optimiser.generator_lr", low=3e-4, high=2e-3, log=True),
            )
        ),
        trials=16,
        startup_trials=8,
        scheduler=AshaConfig(grace_epochs=2, reduction=3),
        finals=FinalsConfig(finalists=2, seeds=2),
        also_minimise=("seconds_per_image",),
        resources=ResourcesConfig(cpus=1),
    )
