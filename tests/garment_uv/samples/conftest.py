import pytest

from tests.garment_uv.datasets.open.conftest import stage
from tests.garment_uv.samples.made import made_atlas, write_folder

__all__ = ["stage"]


@pytest.fixture(scope="session")
def atlas():
    return made_atlas()


@pytest.fixture(scope="session")
def dataset(tmp_path_factory):
    """A folder with a small dataset: 7 train and 3 val samples, 3 to a shard. Not to be changed."""
    folder = tmp_path_factory.mktemp("dataset")
    write_folder(folder / "set", folder / "scratch")
    return folder / "set"
