"""Ray's own local cluster of several nodes, for tests and benchmarks: nodes that can be killed and that can join."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from tests.servers.light_nodes import light_nodes
from tests.servers.local_ray import stop_local_ray
from tests.servers.server import kill_tree

if TYPE_CHECKING:
    from ray._private.node import Node
    from ray.cluster_utils import Cluster

STORE_BYTES = 80 * 2**20
"""Of shared memory for a node's objects: nearly the least that Ray takes."""

NODE_S = 240
"""How long a node may take to join, seconds."""
TITLES = ("ray::GarmentTrial", "ray::ResourceTrainable")
"""Of a trial's process: between two calls of Tune's, and during one."""


class RayCluster:
    """A head without room for trials, and nodes that come and go. Each node has a temporary folder of its own.

    Args:
        cluster: with its head running.
        folder: of Ray's temporary files; short, since Ray's socket paths must be.
        light: nodes without what serves no trial (`light_nodes.py`).
    """

    def __init__(self, cluster: "Cluster", folder: Path, light: bool = True) -> None:
        self._cluster = cluster
        self._folder = folder
        self._light = light
        self._joined = 0
        self.nodes: list[Node] = []
        """Alive, in the order in which they joined."""

    @property
    def address(self) -> str:
        """What RAY_ADDRESS must hold."""
        return self._cluster.address

    def add_node(
        self, cpus: float = 1, gpus: float = 0, wait: bool = True, environment: dict[str, str] | None = None
    ) -> "Node":
        """A node joins, with so many CPUs and made-up GPUs; `environment` is its own, beside this process's."""
        self._joined += 1
        with light_nodes(self._cluster.head_node.runtime_env_agent_port) if self._light else nullcontext():
            node = self._cluster.add_node(
                wait=wait,
                num_cpus=cpus,
                num_gpus=gpus,
                object_store_memory=STORE_BYTES,
                temp_dir=str(self._folder / f"n{self._joined}"),
                env_vars=environment,
            )
        self.nodes.append(node)
        return node

    def kill_node(self, node: "Node") -> None:
        """kill -9 of a node's raylet, its agents and its workers, as when its machine loses power."""
        (raylet,) = [info.process for info in node.all_processes["raylet"]]
        kill_tree(psutil.Process(raylet.pid))
        raylet.wait()
        self.nodes.remove(node)
        self._cluster.worker_nodes.discard(node)

    def workers(self, node: "Node") -> list[psutil.Process]:
        """Processes of trials on a node that are at work or wait for the next trial."""
        (raylet,) = [info.process for info in node.all_processes["raylet"]]
        return trial_workers(psutil.Process(raylet.pid))


def trial_workers(raylet: psutil.Process) -> list[psutil.Process]:
    """Processes of trials below a raylet, told by the titles that Ray gives them."""
    found = []
    for process in raylet.children():
        try:
            if (process.cmdline() or [""])[0].startswith(TITLES):
                found.append(process)
        except psutil.NoSuchProcess:
            continue
    return found


def keep_others_out() -> None:
    """Switches Ray's token on, as `ray.init` does, for this process and all it starts: Ray listens everywhere."""
    from ray._private.authentication.authentication_token_setup import ensure_token_if_auth_enabled
    from ray._raylet import Config

    os.environ["RAY_AUTH_MODE"] = "token"
    Config.initialize("")  # it has read the environment when it was imported
    ensure_token_if_auth_enabled()


@contextmanager
def ray_cluster(head_cpus: float = 0, light: bool = True) -> Iterator[RayCluster]:
    """A running head; all that was started on it ends, by process id, with the context.

    The nodes inherit this process's environment. `light` leaves out what serves no trial (`light_nodes.py`).
    """
    from ray.cluster_utils import Cluster

    stop_local_ray()  # a process has one cluster at a time
    keep_others_out()
    folder = Path(tempfile.mkdtemp(prefix="r", dir="/tmp"))
    cluster = None
    try:
        with light_nodes() if light else nullcontext():
            cluster = Cluster(
                initialize_head=True,
                shutdown_at_exit=False,  # it would allow no node to be started from a thread
                head_node_args={
                    "num_cpus": head_cpus,
                    "include_dashboard": False,
                    "object_store_memory": STORE_BYTES,
                    "temp_dir": str(folder),
                },
            )
        cluster._wait_for_node = partial(cluster._wait_for_node, timeout=NODE_S)  # Ray's own 30 s are few
        yield RayCluster(cluster, folder, light)
    finally:
        ours = _processes(cluster) if cluster else []
        if cluster:
            cluster.shutdown()
        ours += _named_after(folder)  # of a head or node that was too slow to start, too
        _, alive = psutil.wait_procs(ours, timeout=20)
        for process in alive:
            if process.is_running():
                process.kill()
        shutil.rmtree(folder, ignore_errors=True)


def _named_after(folder: Path) -> list[psutil.Process]:
    """Processes that have the folder in their command line."""
    return [p for p in psutil.process_iter(["cmdline"]) if f"{folder}/" in " ".join(p.info["cmdline"] or [])]


def _processes(cluster: "Cluster") -> list[psutil.Process]:
    """All processes of all nodes."""
    tops = [i.process.pid for node in cluster.list_all_nodes() for infos in node.all_processes.values() for i in infos]
    found = []
    for pid in tops:
        try:
            found += [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        except psutil.NoSuchProcess:
            continue
    return found
