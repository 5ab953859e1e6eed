import pytest

from tests.garment_uv.datasets.open.conftest import stage

__all__ = ["stage"]


@pytest.fixture
def untold():
    """Tells nobody of the progress."""
    return lambda what: lambda done, total: None
