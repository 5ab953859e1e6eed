"""The node of a Ray cluster on which this process runs, and what it knows of the others."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """The node on which a trial's process runs, and what it can say of other nodes. Without Ray there is none."""

    node: str = ""
    """The node's id in the cluster."""
    ip: str = ""
    job: str = ""
    """The Ray job that started the process."""
    gone: Callable[[str], bool] = lambda node: False
    """Whether the node of that id is dead or about to be taken away."""
    leaving: Callable[[], bool] = lambda: False
    """Whether this very node is about to be taken away."""


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
