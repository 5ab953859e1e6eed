"""What the rooms of the platform share, each made once and when it is first needed."""

from collections.abc import Iterator

import pytest

from tests.servers.local_ray import start_local_ray, stop_local_ray


@pytest.fixture(scope="session")
def _local_ray_ends() -> Iterator[None]:
    yield
    stop_local_ray()


@pytest.fixture
def local_ray(_local_ray_ends) -> None:
    """A local Ray of two CPUs."""
    start_local_ray()
