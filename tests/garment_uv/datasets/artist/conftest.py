import pytest

from tests.garment_uv.datasets.artist.package import write_package
from tests.garment_uv.datasets.open.conftest import stage

__all__ = ["stage"]


@pytest.fixture(scope="session")
def package(stage, tmp_path_factory):
    """A folder laid out as the package, of clothes cut out of the body's own tights. Not to be changed."""
    return write_package(stage, tmp_path_factory.mktemp("clothes") / "package")
