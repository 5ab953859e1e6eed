"""Which weights should the loss terms have? None is published, so this sweep finds them."""

from garment_sweeps.spaces import AshaConfig, Experiment, Float, ResourcesConfig, Space
from garment_uv.config.trial import TrialConfig
from garment_uv.training.config import DataConfig, EvaluationConfig, TrainingConfig


def full_size() -> TrialConfig:
    """The published model at 256 x 256, for a GPU."""
    return TrialConfig(
        data=DataConfig(workers=4),
        training=TrainingConfig(epochs=200, batch_size=8, precision="bf16"),
        evaluation=EvaluationConfig(every=2, max_samples=500, meshes=12),
    )


def experiment() -> Experiment:
    """Every weight on a log scale over four decades or so around its default, L1 on the map fixed at 1."""
    return Experiment(
        name="loss_weights",
        description="Log-scaled weights of all loss terms beside the L1 on the UV map",
        base=full_size(),
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
