"""Four people, and a body network that has learned them by heart."""

import pytest

from garment_uv.estimation.config import BodyFitConfig
from garment_uv.estimation.trainer import BodyTrainer
from garment_uv.samples.source import FolderSource
from tests.garment_uv.clothed import write_clothed
from tests.garment_uv.pictured import body, body_file, frame, model, open_body, picture

__all__ = ["body", "body_file", "frame", "model", "open_body", "picture"]

SMALL = {
    "network.image_size": 64, "network.features": 8, "network.hidden": 64, "epochs": 2, "batch_size": 4,
    "threads": 1, "device": "cpu",
}  # fmt: skip


@pytest.fixture(scope="session")
def people(tmp_path_factory):
    return FolderSource(write_clothed(tmp_path_factory.mktemp("people") / "set", train=4, val=2))


@pytest.fixture(scope="session")
def small():
    """A function of config changes."""
    return lambda **changes: BodyFitConfig().with_values({**SMALL, **changes})


@pytest.fixture(scope="session")
def by_heart(people, small):
    """A trainer that is done with 4 people, in squares that are displaced little."""
    calm = {"mirror": False, "colour_jitter": 0, "shift": 0.05, "zoom": 0.05, "evaluate_every": 1000}
    trainer = BodyTrainer(small(epochs=400, **calm), people)
    while trainer.epoch < trainer.config.epochs:
        trainer.train_epoch()
    return trainer
