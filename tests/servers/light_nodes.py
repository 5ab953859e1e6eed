"""Nodes without agents of their own, so that a hundred of them fit on one machine: 13 MiB each instead of 150."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from tests.servers.ray_cluster import RayCluster

IDLE = "/usr/bin/tail -f /dev/null"
NO_SERVICE = -1


@contextmanager
def light_nodes(cluster: RayCluster) -> Iterator[None]:
    """Nodes that join while inside have idle processes in place of the dashboard's and the runtime environment's
    agents; the head's agent of the latter kind serves them. What schedules, runs and loses trials is as on any node.
    """
    from ray import _raylet
    from ray._private import services

    start = services.start_ray_process
    ports = {
        _raylet.METRICS_AGENT_PORT_NAME: NO_SERVICE,
        _raylet.METRICS_EXPORT_PORT_NAME: NO_SERVICE,
        _raylet.DASHBOARD_AGENT_LISTEN_PORT_NAME: NO_SERVICE,
        _raylet.RUNTIME_ENV_AGENT_PORT_NAME: cluster.runtime_env_port,
    }

    def start_light(command: list[str], kind: str, **options: object):
        if kind == "raylet":
            given = dict(word.split("=", 1) for word in command if word.startswith("--") and "=" in word)
            for name, port in ports.items():  # the raylet waits until its agents have written theirs
                _raylet.persist_port(given["--session_dir"], given["--node_id"], name, port)
            agents = ("--dashboard_agent_command", "--runtime_env_agent_command")
            command = [f"{w.split('=')[0]}={IDLE}" if w.startswith(agents) else w for w in command]
        return start(command, kind, **options)

    with mock.patch.object(services, "start_ray_process", start_light):
        yield
