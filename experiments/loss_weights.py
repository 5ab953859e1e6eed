"""Which weights should the loss terms have? None is published, so this sweep finds them."""

from garment_sweeps.experiment import AshaConfig, Experiment, Float, ResourcesConfig, Space
from garment_uv.training.trial import TrialConfig


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
    """Every weight on a log scale over four decades or so around its default, L1 on the map fixed at 1."""
    return Experiment(
        name="loss_weights",
        description="Log-scaled weights of all loss terms beside the L1 on the UV map",
        base=full_length(),
        space=Space(
            parameters=(
                Float(path="loss.mesh", low=1e-2, high=1e2, log=True),
                Float(path="loss.normal", low=1e-3, high=1e1, log=True),
                Float(path="loss.laplacian", low=1e-3, high=1e1, log=True),
                Float(path="loss.edge", low=1e-3, high=1e1, log=True),
                Float(path="loss.adversarial", low=1e-4, high=1e0, log=True),
                Float(path="loss.feature_matching", low=1e-3, high=1e1, log=True),
                Float(path="loss.classification", low=1e-4, high=1e0, log=True),
            )
        ),
        trials=64,
        startup_trials=16,
        scheduler=AshaConfig(grace_epochs=10, reduction=3),
        resources=ResourcesConfig(cpus=4, gpus=0.5),
        checkpoint_every=2,
    )
