"""The nodes of a Ray cluster: on which one this process runs, what they offer, and where trials may run."""

import socket
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from garment_sweeps.experiment import Experiment, ResourcesConfig
from garment_sweeps.settings.environment import Settings
from garment_uv.errors import UserError

if TYPE_CHECKING:
    from ray.tune import PlacementGroupFactory

HEAD_MARK = "node:__internal_head__"
"""Resource that Ray gives to the head alone."""
NODE_LABEL = "ray.io/node-id"
"""Label that Ray gives to every node."""


@dataclass(frozen=True)
class Place:
    """The node on which a trial's process runs, and what it can say of other nodes."""

    node: str = ""
    """The node's id in the cluster."""
    ip: str = ""
    job: str = ""
    """The Ray job that started the process."""
    gone: Callable[[str], bool] = lambda node: False
    """Whether the node of that id is dead or about to be taken away."""
    leaving: Callable[[], bool] = lambda: False
    """Whether this very node is about to be taken away."""


NOWHERE = Place()
"""Without Ray."""


def ray_place() -> Place:
    """Where this Ray worker runs; asked anew at every call of its functions, about a millisecond each."""
    import ray

    context = ray.get_runtime_context()
    node = context.get_node_id()
    ip, job = ray.util.get_node_ip_address(), context.get_job_id()
    return Place(node, ip, job, gone=_gone, leaving=lambda: node in draining_nodes())


def draining_nodes() -> set[str]:
    """Ids of nodes that are about to be taken away: told so by their cloud, or being scaled down."""
    from ray._private.state import state

    return set(state.get_draining_nodes())


def _gone(node: str) -> bool:
    import ray

    alive = {known["NodeID"] for known in ray.nodes() if known["Alive"]}
    return node not in alive or node in draining_nodes()


@dataclass(frozen=True)
class ClusterNode:
    """One living node."""

    id: str
    name: str
    """Its address, with the beginning of its id where several nodes share one."""
    machine: str
    """Host name and address: nodes of one machine share its disks."""
    head: bool
    cpus: float
    gpus: float
    port: int = 0
    """Of Ray's own service there."""

    def room_for(self, resources: ResourcesConfig) -> int:
        """Trials that an empty node holds. A fraction of a GPU is all on one: of 0.6 each, two GPUs hold two trials."""
        places = _whole(self.cpus / resources.cpus)
        if 0 < resources.gpus < 1:
            return min(places, int(self.gpus) * _whole(1 / resources.gpus))
        return min(places, _whole(self.gpus / resources.gpus)) if resources.gpus else places

    def reachable(self, seconds: float = 2.0) -> bool:
        """Whether Ray's service there takes a connection: a node that just died does not, before Ray knows it."""
        try:
            with socket.create_connection((self.machine.rpartition(" ")[2], self.port), timeout=seconds):
                return True
        except OSError:
            return False


def _whole(ratio: float) -> int:
    """How often something fits in whole; 0.3 fits into 0.9 three times, whatever floats say."""
    return int(ratio + 1e-6)


def cluster_nodes() -> list[ClusterNode]:
    """Every node that lives and is not about to be taken away, the head first."""
    import ray

    leaving = draining_nodes()
    known = [node for node in ray.nodes() if node["Alive"] and node["NodeID"] not in leaving]
    nodes = [
        ClusterNode(
            id=node["NodeID"],
            name=node["NodeManagerAddress"],
            machine=f"{node['NodeManagerHostname']} {node['NodeManagerAddress']}",
            head=HEAD_MARK in node["Resources"],
            cpus=node["Resources"].get("CPU", 0.0),
            gpus=node["Resources"].get("GPU", 0.0),
            port=node["NodeManagerPort"],
        )
        for node in known
    ]
    shared = Counter(node.name for node in nodes)
    named = [replace(n, name=f"{n.name} ({n.id[:8]})") if shared[n.name] > 1 else n for n in nodes]
    return sorted(named, key=lambda node: (not node.head, node.name))


def trial_nodes(nodes: list[ClusterNode], resources: ResourcesConfig) -> list[ClusterNode]:
    """Nodes on which trials may run.

    The head, which holds the driver and Ray's own services, runs none, unless it alone offers what a trial needs.
    """
    others = [node for node in nodes if not node.head]
    return others if any(node.room_for(resources) for node in others) else nodes


def places(experiment: Experiment) -> int:
    """Trials that the cluster, as it is now, holds at once."""
    allowed = trial_nodes(cluster_nodes(), experiment.held)
    return sum(node.room_for(experiment.held) for node in allowed)


def off_the_head(resources: ResourcesConfig) -> dict[str, str]:
    """Label selector that keeps a task or a bundle off the head; empty where the head must do the work itself."""
    nodes = cluster_nodes()
    if any(node.head for node in trial_nodes(nodes, resources)):
        return {}
    head = next((node.id for node in nodes if node.head), None)
    return {NODE_LABEL: f"!{head}"} if head else {}


def trial_placement(experiment: Experiment) -> "PlacementGroupFactory":
    """What Tune asks Ray for, once a trial: its share of a node's CPUs and GPUs, never on the head if it can be.

    Several processes have a bundle each, all on one node; the trial's own process, which leads them, needs none.
    """
    from ray.tune import PlacementGroupFactory

    processes, selector = experiment.processes, off_the_head(experiment.held)
    where = {"bundle_label_selector": [selector] * processes} if selector else {}
    bundle = {"CPU": experiment.resources.cpus, "GPU": experiment.resources.gpus}
    leader: list[dict[str, float]] = [{}] if processes > 1 else []
    return PlacementGroupFactory([*leader, *[bundle] * processes], strategy="STRICT_PACK", **where)


class TrialPlaces(NamedTuple):
    """How many trials of an experiment run at once."""

    now: int
    """As many as the cluster holds as it is."""
    most: int
    """That are given out; 0 for no limit."""


def trial_places(experiment: Experiment, settings: Settings) -> TrialPlaces:
    """Places for trials: locally no more are given out than can run, so that each is asked for as late as can be.

    UserError where this machine holds none.
    """
    import ray

    now = places(experiment)
    if settings.ray_address:
        return TrialPlaces(now, experiment.max_concurrent)
    if now < 1:
        resources = ray.cluster_resources()
        wanted = f"{experiment.held.cpus:g} CPUs and {experiment.held.gpus:g} GPUs"
        has = f"{resources.get('CPU', 0):g} and {resources.get('GPU', 0):g}"
        raise UserError(
            f"a trial of {experiment.name} needs {wanted}, this machine has {has}; "
            "submit it to a cluster or lower the experiment's resources"
        )
    return TrialPlaces(now, min(now, experiment.max_concurrent or now))
