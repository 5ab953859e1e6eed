"""Nodes without Ray's agents, so that a hundred of them fit on one machine: 13 MiB each instead of 150."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

IDLE = "/usr/bin/tail -f /dev/null"
NO_SERVICE = -1
ANY_PORT = 9
"""The runtime environment's agent is never called, as trials take the cluster's environment as it is."""


@contextmanager
def light_nodes() -> Iterator[None]:
    """Nodes that are started while inside have two idle processes in place of the dashboard's and the runtime
    environment's agents; everything that schedules, runs and loses trials is as on any node."""
    from ray import _raylet
    from ray._private import services

    start = services.start_ray_process

    def start_light(command: list[str], kind: str, **options: object):
        if kind == "raylet":
            given = dict(word.split("=", 1) for word in command if word.startswith("--") and "=" in word)
            ports = {
                _raylet.METRICS_AGENT_PORT_NAME: NO_SERVICE,
                _raylet.METRICS_EXPORT_PORT_NAME: NO_SERVICE,
                _raylet.DASHBOARD_AGENT_LISTEN_PORT_NAME: NO_SERVICE,
                _raylet.RUNTIME_ENV_AGENT_PORT_NAME: ANY_PORT,
            }
            for name, port in ports.items():  # the raylet waits until its agents have written theirs
                _raylet.persist_port(given["--session_dir"], given["--node_id"], name, port)
            agents = ("--dashboard_agent_command", "--runtime_env_agent_command")
            command = [f"{w.split('=')[0]}={IDLE}" if w.startswith(agents) else w for w in command]
        return start(command, kind, **options)

    with mock.patch.object(services, "start_ray_process", start_light):
        yield
