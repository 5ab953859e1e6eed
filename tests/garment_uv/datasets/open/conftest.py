import pytest

from garment_uv.datasets.open.perform import Stage


@pytest.fixture(scope="session")
def stage():
    return Stage()
