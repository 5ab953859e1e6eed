import pytest

from garment_uv.synthesis.perform import Stage


@pytest.fixture(scope="session")
def stage():
    return Stage()
