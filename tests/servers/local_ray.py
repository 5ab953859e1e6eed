"""One local Ray of two CPUs for all tests of a process that need no more than that: each start costs seven seconds."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from unittest import mock

from tests.servers.light_nodes import light_nodes

CPUS = 2
_running = ExitStack()


def start_local_ray() -> None:
    """Returns once it is there. What a test has set for itself is not handed to its workers, which outlive the test."""
    from garment_sweeps.ray.session import ray_session

    own = [name for name in os.environ if name.startswith(("GARMENT_", "MLFLOW_", "AWS_", "RAY_ADDRESS"))]
    with mock.patch.dict(os.environ):
        for name in own:
            del os.environ[name]
        with light_nodes():
            _running.enter_context(ray_session(None, CPUS))  # nothing where it runs already


def stop_local_ray() -> None:
    """Makes room for another cluster in this process; the next start begins anew."""
    _running.close()


@contextmanager
def own_ray(cpus: int = CPUS) -> Iterator[None]:
    """A local Ray for one test alone, whose workers have this process's environment."""
    from garment_sweeps.ray.session import ray_session

    stop_local_ray()
    with light_nodes(), ray_session(None, cpus):
        yield
