"""A cluster of several nodes on this machine, with the test's own process as its driver."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from tests.servers.ray_cluster import RayCluster, ray_cluster

ENVIRONMENT = {
    "RAY_health_check_period_ms": "500",
    "RAY_health_check_failure_threshold": "4",
    "GARMENT_PREFLIGHT_SECONDS": "600",
}
"""A killed raylet refuses connections, so that four looks are enough; what is merely slow is given its time."""


@contextmanager
def connected_cluster(head_cpus: float = 0) -> Iterator[RayCluster]:
    """`ray_cluster`, connected to; nodes can be added to it, and killed."""
    from garment_sweeps.ray.session import quiet_ray

    quiet_ray()
    import ray

    with mock.patch.dict(os.environ, ENVIRONMENT):
        os.environ.pop("RAY_ADDRESS", None)
        with ray_cluster(head_cpus) as cluster:
            ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
            try:
                yield cluster
            finally:
                ray.shutdown()
