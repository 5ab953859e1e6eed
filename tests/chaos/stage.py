"""Everything that a sweep runs on, real and mortal: nodes, tracking server, study's database, checkpoints' store."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil

from tests.chaos.parts import Parts, inherited, open_parts
from tests.servers.ray_cluster import RayCluster, ray_cluster
from tests.servers.server import kill_tree

PATIENCE_S = 300.0
"""How long a victim that is not there at the moment is waited for."""


class Stage:
    """The parts of one sweep, and how each is killed and comes back.

    Args:
        cluster: with at least one node.
        cpus: of every node.
        parts: all others.
    """

    def __init__(self, cluster: RayCluster, cpus: float, parts: Parts) -> None:
        self._cluster = cluster
        self._cpus = cpus
        self._repairs: dict[str, threading.Thread] = {}
        self._failures: list[BaseException] = []
        self.parts = parts
        self.environment = {**os.environ, "RAY_ADDRESS": cluster.address}
        """Where a driver finds everything."""

    def kill_workers(self) -> None:
        """kill -9 of all trials' processes."""
        for worker in self._workers():
            kill_tree(worker)

    def kill(self, victim: str, pick: float, down_s: float = 1.0) -> str:
        """kill -9 of a worker, a node or a server, and what comes back by itself does so; says which it was.

        Args:
            victim: as in `plan.VICTIMS`, but the driver, which its supervisor kills.
            pick: in [0, 1), which of several.
            down_s: until a server is started again, seconds.
        """
        if victim == "worker":
            return self._kill_worker(pick)
        if victim == "node":
            return self._kill_node(pick)
        self.settle(victim)
        server = self.parts.servers[victim]
        server.kill()
        self._repair(victim, lambda: (time.sleep(down_s), server.start()))
        return f"down for {down_s:.1f} s and its start"

    def settle(self, victim: str | None = None) -> None:
        """Waits until what was killed before is there again; raises what went wrong with that."""
        names = [victim] if victim else list(self._repairs)
        for name in names:
            if name in self._repairs:
                self._repairs[name].join()
        if self._failures:
            raise self._failures[0]

    def _kill_worker(self, pick: float) -> str:
        workers = self._waited_for(self._workers)
        chosen = workers[int(pick * len(workers))]
        kill_tree(chosen)
        return f"process {chosen.pid}"

    def _workers(self) -> list[psutil.Process]:
        return [worker for node in self._cluster.nodes for worker in self._cluster.workers(node)]

    def _kill_node(self, pick: float) -> str:
        self.settle("node")
        nodes = self._waited_for(lambda: [node for node in self._cluster.nodes if self._cluster.workers(node)])
        node = nodes[int(pick * len(nodes))]
        workers = len(self._cluster.workers(node))
        self._cluster.kill_node(node)
        self._repair("node", lambda: self._cluster.add_node(cpus=self._cpus))
        return f"{node.node_id[:8]}, trials' processes on it: {workers}"

    def _waited_for(self, look: Callable[[], list]) -> list:
        end = time.monotonic() + PATIENCE_S
        while not (found := look()):
            if time.monotonic() > end:
                raise TimeoutError(f"no trial has run for {PATIENCE_S:g} s: there is nothing to kill")
            time.sleep(0.1)
        return found

    def _repair(self, victim: str, work: Callable[[], object]) -> None:
        def run() -> None:
            try:
                work()
            except Exception as error:  # heard by the next `settle`, in the thread that waits for it
                self._failures.append(error)

        self._repairs[victim] = threading.Thread(target=run, daemon=True)
        self._repairs[victim].start()


@contextmanager
def open_stage(
    folder: Path,
    victims: tuple[str, ...],
    nodes: int = 2,
    cpus: float = 2,
    light: bool = False,
    refused: tuple[str, int] | None = None,
) -> Iterator[Stage]:
    """A stage with those of the servers that are among the victims; what is missing is SQLite or a folder.

    Args:
        folder: for home, logs and data.
        victims: as in `plan.VICTIMS`.
        nodes: that run trials; the head runs none.
        cpus: of each node.
        light: nodes without Ray's agents, which start in a fraction of the time.
        refused: trial and epoch that MLflow will never take.
    """
    with ExitStack() as stack:
        parts = stack.enter_context(open_parts(folder, victims, refused))
        stack.enter_context(inherited(parts.environment))
        cluster = stack.enter_context(ray_cluster(light=light))
        for _ in range(nodes):
            cluster.add_node(cpus=cpus)
        stage = Stage(cluster, cpus, parts)
        try:
            yield stage
        finally:
            for repair in stage._repairs.values():
                repair.join()
