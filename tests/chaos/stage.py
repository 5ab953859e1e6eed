"""Everything that a sweep runs on, real and mortal: nodes, tracking server, study's database, checkpoints' store."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.servers.light_nodes import light_nodes
from tests.servers.mlflow import Mlflow
from tests.servers.postgres import postgres_server
from tests.servers.ray_cluster import RayCluster, ray_cluster
from tests.servers.s3 import s3_server
from tests.servers.server import Server, kill_tree

BUCKET = "chaos"
PATIENCE_S = 300.0
"""How long a victim that is not there at the moment is waited for."""


class Stage:
    """The parts of one sweep, and how each is killed and comes back.

    Args:
        cluster: with at least one node.
        cpus: of every node.
        servers: those that can be killed, by the name of the victim.
        environment: where a driver finds everything.
    """

    def __init__(
        self, cluster: RayCluster, cpus: float, servers: dict[str, Server], environment: dict[str, str]
    ) -> None:
        self._cluster = cluster
        self._cpus = cpus
        self._servers = servers
        self._repairs: dict[str, threading.Thread] = {}
        self._failures: list[BaseException] = []
        self.environment = environment

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
        self._servers[victim].kill()
        self._repair(victim, lambda: (time.sleep(down_s), self._servers[victim].start()))
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
        workers = self._waited_for(lambda: [w for node in self._cluster.nodes for w in self._cluster.workers(node)])
        chosen = workers[int(pick * len(workers))]
        kill_tree(chosen)
        return f"process {chosen.pid}"

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
    folder: Path, victims: tuple[str, ...], nodes: int = 2, cpus: float = 2, light: bool = False
) -> Iterator[Stage]:
    """A stage with those of the servers that are among the victims; what is missing is SQLite or a folder.

    Args:
        folder: for home, logs and data.
        victims: as in `plan.VICTIMS`.
        nodes: that run trials; the head runs none.
        cpus: of each node.
        light: nodes without Ray's agents, which start in a fraction of the time.
    """
    home = folder / "home"
    home.mkdir()
    environment = {"GARMENT_HOME": str(home), "OMP_NUM_THREADS": "1", "RAY_USAGE_STATS_ENABLED": "0"}
    environment["GARMENT_PREFLIGHT_SECONDS"] = "120"  # a machine with all of a cluster on it is slow
    servers: dict[str, Server] = {}
    with ExitStack() as stack:
        if "postgres" in victims:
            servers["postgres"] = stack.enter_context(postgres_server())
            environment["GARMENT_OPTUNA_STORAGE"] = servers["postgres"].url
        if "mlflow" in victims:
            servers["mlflow"] = _started(stack, Mlflow(folder))
            environment["MLFLOW_TRACKING_URI"] = servers["mlflow"].url
        if "s3" in victims:
            store = stack.enter_context(s3_server())
            if store.server is None:
                raise RuntimeError("victim 's3' needs Swift (tests/servers/install_swift.sh): moto forgets all it held")
            servers["s3"] = store.server
            environment |= {**store.environment, "GARMENT_STORAGE": f"s3://{BUCKET}/sweeps"}
            make_bucket(store.environment)
        stack.enter_context(inherited(environment))
        cluster = stack.enter_context(ray_cluster())
        if light:
            stack.enter_context(light_nodes(cluster))
        for _ in range(nodes):
            cluster.add_node(cpus=cpus)
        stage = Stage(cluster, cpus, servers, {**os.environ, "RAY_ADDRESS": cluster.address})
        try:
            yield stage
        finally:
            for repair in stage._repairs.values():
                repair.join()


def _started(stack: ExitStack, server: Server) -> Server:
    stack.callback(server.stop)
    server.start()
    return server


def make_bucket(environment: dict[str, str]) -> None:
    """The bucket of the checkpoints, in the store that `environment` names."""
    import boto3

    boto3.client(
        "s3",
        endpoint_url=environment["AWS_ENDPOINT_URL_S3"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        region_name=environment["AWS_DEFAULT_REGION"],
    ).create_bucket(Bucket=BUCKET)


@contextmanager
def inherited(values: dict[str, str]) -> Iterator[None]:
    """This process's environment, which the nodes inherit, while inside."""
    names = {*values, "RAY_ADDRESS", "GARMENT_STORAGE", "GARMENT_OPTUNA_STORAGE", "MLFLOW_TRACKING_URI"}
    before = {name: os.environ.pop(name, None) for name in names}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
