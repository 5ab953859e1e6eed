"""A cluster of several nodes on this machine, with the test's own process as its driver."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from tests.servers.ray_cluster import RayCluster, ray_cluster

SOON_NOTICED = {"RAY_health_check_period_ms": "500", "RAY_health_check_failure_threshold": "4"}
"""A killed raylet refuses connections, so that four looks are enough; one that is merely slow is given its time."""


@contextmanager
def connected_cluster(head_cpus: float = 0) -> Iterator[RayCluster]:
    """`ray_cluster`, connected to; nodes can be added to it, and killed."""
    from garment_sweeps.cluster.session import quiet_ray

    quiet_ray()
    import ray
    from ray._private.authentication import authentication_token_setup as token

    with mock.patch.dict(os.environ, SOON_NOTICED):
        os.environ.pop("RAY_ADDRESS", None)
        token.enable_token_auth_by_default()  # as ray.init() does: Ray listens on every interface
        token.ensure_token_if_auth_enabled()
        with ray_cluster(head_cpus) as cluster:
            ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
            try:
                yield cluster
            finally:
                ray.shutdown()
