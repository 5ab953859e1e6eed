"""Experiments with every scheduler, and sweeps without Ray."""

import pytest

from garment_sweeps.experiment import (
    AshaConfig,
    Choice,
    Experiment,
    Float,
    HyperBandConfig,
    Integer,
    MedianConfig,
    PbtConfig,
    Space,
)
from garment_sweeps.settings.environment import StorageConfig
from garment_sweeps.trials.context import TrialContext
from garment_uv.training.trial import TrialConfig
from tests.garment_sweeps.search.schedulers.mini_tune import EPOCHS

PATHS = ("training.optimiser.generator_lr", "loss.normal", "training.collapse_epochs")
SCHEDULERS = {
    "asha": AshaConfig(),
    "hyperband": HyperBandConfig(),
    "median": MedianConfig(grace_epochs=2, min_trials=3),
    "pbt": PbtConfig(interval_epochs=2, paths=PATHS),
    "none": None,
}


def make_experiment(kind: str, trials: int = 20) -> Experiment:
    return Experiment(
        name="table",
        description="",
        base=TrialConfig().with_values({"training.epochs": EPOCHS}),
        space=Space(
            parameters=(
                Float(path="training.optimiser.generator_lr", low=1e-4, high=1e-2, log=True),
                Float(path="loss.normal", low=0.0, high=1.0),
                Integer(path="training.collapse_epochs", low=1, high=9),
                Choice(path="generator.residual_blocks", options=(2, 4)),
            )
        ),
        trials=trials,
        sampler="random",
        seed=5,
        scheduler=SCHEDULERS[kind],
        try_base=False,
    )


@pytest.fixture
def context(tmp_path) -> dict:
    """What a trial's Tune config holds beside its values."""
    return TrialContext(
        sweep="s",
        session=0,
        base=TrialConfig(),
        metric="s2s/all",
        checkpoint_every=1,
        storage=StorageConfig(uri=str(tmp_path / "store")),
        home=str(tmp_path),
        cpus=1,
    ).plain()


def values_of(names) -> dict[str, dict]:
    """What a searcher might have suggested for each trial."""
    return {
        name: {
            "training.optimiser.generator_lr": 1e-3 * (1 + int(name[1:]) / 20),
            "loss.normal": 0.5,
            "training.collapse_epochs": 1 + int(name[1:]) % 9,
            "generator.residual_blocks": 2,
        }
        for name in names
    }
