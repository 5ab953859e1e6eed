"""Nodes without what serves no trial, so that a hundred of them fit on one machine: 13 MiB each instead of 150."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

IDLE = "/usr/bin/tail -f /dev/null"
NO_SERVICE = -1
AGENTS = ("--dashboard_agent_command", "--runtime_env_agent_command")


@contextmanager
def light_nodes(runtime_env_port: int | None = None) -> Iterator[None]:
    """Nodes that start while inside have idle processes in place of dashboard, autoscaler, agents and log monitor.

    What schedules, runs and loses trials is as on any node. A node starts in a fraction of the time and costs a tenth
    of the processor: everything that is left out is a Python program with its imports.

    Args:
        runtime_env_port: of the head's agent that makes runtime environments, which serves all other nodes too; None
            for the head itself, which has one.
    """
    from ray import _raylet
    from ray._private import ray_constants, services

    start = services.start_ray_process
    ports = {
        _raylet.METRICS_AGENT_PORT_NAME: NO_SERVICE,
        _raylet.METRICS_EXPORT_PORT_NAME: NO_SERVICE,
        _raylet.DASHBOARD_AGENT_LISTEN_PORT_NAME: NO_SERVICE,
    }
    if runtime_env_port is not None:
        ports[_raylet.RUNTIME_ENV_AGENT_PORT_NAME] = runtime_env_port
    idle_kinds = (
        ray_constants.PROCESS_TYPE_MONITOR,
        ray_constants.PROCESS_TYPE_DASHBOARD,
        ray_constants.PROCESS_TYPE_LOG_MONITOR,
    )
    idle = AGENTS if runtime_env_port is not None else AGENTS[:1]

    def start_light(command: list[str], kind: str, **options: object):
        given = dict(word.split("=", 1) for word in command if word.startswith("--") and "=" in word)
        if kind == ray_constants.PROCESS_TYPE_RAYLET:
            for name, port in ports.items():  # the raylet waits until its agents have written theirs
                _raylet.persist_port(given["--session_dir"], given["--node_id"], name, port)
            command = [f"{word.split('=')[0]}={IDLE}" if word.startswith(idle) else word for word in command]
        if kind in idle_kinds:
            command = IDLE.split()
        if kind == ray_constants.PROCESS_TYPE_DASHBOARD:
            where = _raylet.GcsClient(address=given["--gcs-address"], cluster_id=given["--cluster-id-hex"])
            key, space = ray_constants.DASHBOARD_ADDRESS.encode(), ray_constants.KV_NAMESPACE_DASHBOARD
            where.internal_kv_put(key, b"", True, space)  # what Ray waits for: the address of one without a page
        return start(command, kind, **options)

    with mock.patch.object(services, "start_ray_process", start_light):
        yield
