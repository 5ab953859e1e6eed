"""Property tests are the same on every machine (the same examples, no clock that could fail them); long tests first."""

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "project",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("project")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests on clusters and servers first: of several processes none is left alone with a long one at the end."""
    long = {item.path for item in items if item.get_closest_marker("cluster") or item.get_closest_marker("servers")}
    items.sort(key=lambda item: item.path not in long)
