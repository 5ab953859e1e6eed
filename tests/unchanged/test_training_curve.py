"""A trial's losses and S2S by epoch and seed, on the cylinder dataset."""

import hashlib

import pytest

from garment_uv.samples.source import FolderSource
from garment_uv.training.trainer import Trainer
from tests.garment_uv.cylinder import small_config, write_dataset

EPOCHS = 2
TIMES = ("seconds", "data/")
ERRORS = "s2s"
"""In mm; they hang on the classes that the model gives to texels."""


@pytest.fixture(scope="module")
def cylinder_dataset(tmp_path_factory):
    return write_dataset(tmp_path_factory.mktemp("cylinder") / "dataset")


def test_the_curve_of_a_seed_is_the_same(hold, cylinder_dataset):
    losses, errors, weights = {}, {}, {}
    for seed in (0, 7):
        config = small_config(**{"training.threads": 1, "training.epochs": EPOCHS, "seed": seed})
        trainer = Trainer(config, FolderSource(cylinder_dataset))
        epochs = [trainer.train_epoch().metrics() for _ in range(EPOCHS)]
        losses[str(seed)] = [{k: v for k, v in epoch.items() if not k.startswith((*TIMES, ERRORS))} for epoch in epochs]
        errors[str(seed)] = [{k: v for k, v in epoch.items() if k.startswith(ERRORS)} for epoch in epochs]
        weights[str(seed)] = _digest(trainer)
    hold(losses, errors, relative=1e-3, absolute=1e-5, bits_here=weights)


def _digest(trainer: Trainer) -> str:
    digest = hashlib.sha256()
    for name, value in sorted(trainer.generator.state_dict().items()):
        digest.update(name.encode() + value.detach().contiguous().numpy().tobytes())
    return digest.hexdigest()
