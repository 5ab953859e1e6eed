"""How should the local generator be set up? Parameters that exist only in some set-ups."""

from garment_sweeps.experiment import AshaConfig, Choice, Experiment, Integer, ResourcesConfig, Space
from garment_uv.training.trial import TrialConfig

BRANCHED = ("per_class", "grouped", "shared")
"""Set-ups that have a local generator at all."""

BY_LENGTH = (("Top", "Tshirt"), ("Trousers", "Jumpsuit"), ("Skirt", "Dress"))
BY_TOPOLOGY = (("Top", "Tshirt", "Trousers", "Jumpsuit"), ("Skirt", "Dress"))


def full_length() -> TrialConfig:
    """The default model at 256 x 256, trained to its end, for a GPU."""
    return TrialConfig().with_values(
        {
            "data.workers": 4,
            "training.epochs": 200,
            "training.batch_size": 8,
            "training.precision": "bf16",
            "evaluation.every": 2,
            "evaluation.max_samples": 500,
            "evaluation.meshes": 12,
        }
    )


def experiment() -> Experiment:
    """Per class, grouped, shared or none; then what each of them leaves open."""
    branched = {"generator.local.mode": BRANCHED}
    return Experiment(
        name="local_branches",
        description="Set-ups of the local branches, with the parameters that each of them has",
        base=full_length(),
        space=Space(
            parameters=(
                Choice(path="generator.local.mode", options=(*BRANCHED, "none")),
                Choice(
                    path="generator.local.groups",
                    options=(BY_LENGTH, BY_TOPOLOGY),
                    when={"generator.local.mode": ("grouped",)},
                ),
                Integer(path="generator.local.features", low=16, high=128, log=True, when=branched),
                Integer(path="generator.local.depth", low=1, high=3, when=branched),
                Choice(path="generator.local.kernel", options=(3, 5, 7), when=branched),
                Choice(path="generator.local.stride", options=(1, 2), when=branched),
                Choice(
                    path="generator.local.aggregation",
                    options=("concat", "sum", "mean"),
                    when={"generator.local.mode": ("per_class", "grouped")},
                ),
                Choice(path="generator.local.class_pooling", options=("mask", "image"), when=branched),
                Integer(path="generator.residual_blocks", low=0, high=9, when=branched),
            )
        ),
        trials=48,
        startup_trials=12,
        scheduler=AshaConfig(grace_epochs=10, reduction=3),
        resources=ResourcesConfig(cpus=4, gpus=0.5),
        checkpoint_every=2,
    )
