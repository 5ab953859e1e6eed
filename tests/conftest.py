"""Property tests are the same on every machine (the same examples, no clock that could fail them); long tests first."""

import os

import pytest
from hypothesis import HealthCheck, settings

from tests.balance import OneOwner, long_first, together

settings.register_profile(
    "project",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("project")


def pytest_configure() -> None:
    """Ray's workers stand back behind all other processes by default, and starve where several tests run at once."""
    os.environ.setdefault("RAY_worker_niceness", "0")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """See `balance.py`. First, so that pytest-xdist finds the groups when it reads the marks."""
    together(items)
    long_first(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> OneOwner | None:
    """See `balance.py`; None where another division was asked for."""
    return OneOwner(config, log) if config.getvalue("dist") == "loadgroup" else None
