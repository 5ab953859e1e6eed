"""The cylinder dataset and a trainer on it."""

import pytest

from garment_uv.samples.source import FolderSource
from garment_uv.training.trainer import Trainer
from tests.garment_uv.cylinder import small_config, write_dataset


@pytest.fixture(scope="session")
def dataset(tmp_path_factory):
    return write_dataset(tmp_path_factory.mktemp("cylinder") / "dataset")


@pytest.fixture
def make_trainer(dataset):
    """A function of config changes."""

    def make(**changes) -> Trainer:
        return Trainer(small_config(**{"training.threads": 1, **changes}), FolderSource(dataset))

    return make
