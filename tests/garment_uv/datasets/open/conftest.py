import pytest

from garment_uv.datasets.open.stage import Stage


@pytest.fixture(scope="session")
def stage():
    return Stage()
