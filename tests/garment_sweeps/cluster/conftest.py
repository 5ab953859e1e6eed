"""A tabulated experiment, and settings in a home of its own."""

import pytest

from garment_sweeps.cluster.settings import Settings
from garment_sweeps.spaces import AshaConfig, Choice, Experiment, FinalsConfig, Float, Space
from garment_uv.config.trial import TrialConfig


@pytest.fixture
def experiment() -> Experiment:
    """Eight trials of six epochs whose curves come from a table; one option of four is untrainable. No finals."""
    return Experiment(
        name="table",
        description="tabulated",
        base=TrialConfig().with_values({"training.epochs": 6, "training.optimiser.generator_lr": 1e-3}),
        space=Space(
            parameters=(
                Float(path="loss.adversarial", low=1e-4, high=1.0, log=True),
                Choice(path="training.optimiser.generator_lr", options=(1e-4, 1e-3, 1e-2, 0.9)),
            )
        ),
        trials=8,
        sampler="random",
        seed=5,
        scheduler=AshaConfig(grace_epochs=1, reduction=2),
        finals=FinalsConfig(finalists=0),
    )


@pytest.fixture
def settings(tmp_path, monkeypatch) -> Settings:
    for name in ("GARMENT_STORAGE", "GARMENT_OPTUNA_STORAGE", "RAY_ADDRESS", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GARMENT_HOME", str(tmp_path / "home"))
    return Settings.from_environment()
