"""Training on perturbed bodies: it is repeatable, it resumes, and a noisy training is another one."""

import pytest

from garment_uv.samples.source import FolderSource
from garment_uv.training.trainer import Trainer
from tests.garment_uv.clothed import write_clothed
from tests.garment_uv.cylinder import small_config

NOISE = {"training.body_noise.pose_degrees": 8.0, "training.body_noise.translation_m": 0.02}


@pytest.fixture(scope="module")
def make(tmp_path_factory):
    folder = write_clothed(tmp_path_factory.mktemp("noisy") / "set", train=2, val=1)

    def trainer(**changes) -> Trainer:
        fixed = {"training.threads": 1, "training.epochs": 2, "evaluation.predicted": "never", "evaluation.every": 2}
        return Trainer(small_config(**fixed, **changes), FolderSource(folder))

    return trainer


def test_a_noisy_training_resumes_bit_for_bit(make, tmp_path):
    whole = make(**NOISE)
    first = whole.train_epoch().losses
    whole.save(tmp_path / "checkpoint")
    second = whole.train_epoch()
    resumed = make(**NOISE)
    resumed.load(tmp_path / "checkpoint")
    again = resumed.train_epoch()
    assert again.losses == second.losses and again.s2s == second.s2s
    assert make().train_epoch().losses != first
