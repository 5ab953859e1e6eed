"""A context of tabulated work in a temporary folder."""

import pytest

from garment_sweeps.settings.environment import StorageConfig
from garment_sweeps.trials.context import TrialContext
from garment_uv.training.trial import TrialConfig


@pytest.fixture
def context(tmp_path) -> TrialContext:
    return TrialContext(
        sweep="s",
        session=0,
        base=TrialConfig().with_values({"training.epochs": 5, "training.optimiser.generator_lr": 1e-3}),
        metric="s2s/all",
        checkpoint_every=1,
        storage=StorageConfig(uri=str(tmp_path / "store")),
        home=str(tmp_path),
        cpus=1,
    )
