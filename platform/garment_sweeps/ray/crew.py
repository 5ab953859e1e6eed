"""The crew of a preparation on a Ray cluster: one task a sequence and one a shard, on any number of nodes."""

import socket
import time

from garment_sweeps.experiment import ResourcesConfig
from garment_sweeps.ray.nodes import off_the_head
from garment_uv.datasets.raw import RawSequence
from garment_uv.errors import UserError
from garment_uv.samples.flows import Done, Task
from garment_uv.samples.jobs import Preparation, work
from garment_uv.samples.staging import PLAN

RETRIES = 8
"""Times that a task is begun again after its worker or node died."""
_NODES_S = 5.0
"""Seconds after which the cluster is asked again how many CPUs it has: nodes come and go."""


class RayCrew:
    """Workers of the connected Ray cluster, a CPU each; nodes may join and die at any time.

    The preparation travels once to each node and is unpacked once by each worker.
    """

    def __init__(self, preparation: Preparation) -> None:
        import ray

        self._preparation = ray.put(preparation)
        options = {"num_cpus": 1, "max_retries": RETRIES, "scheduling_strategy": "SPREAD"}
        if selector := off_the_head(ResourcesConfig(cpus=1, gpus=0)):
            options["label_selector"] = selector
        self._remote = ray.remote(_work_on_node).options(**options)
        self._under_way: dict = {}
        self._cpus, self._asked = 1, -_NODES_S

    def __enter__(self) -> "RayCrew":
        return self

    def __exit__(self, *_: object) -> None:
        import ray

        for task in self._under_way:
            ray.cancel(task, force=True)
        self._under_way.clear()

    def room(self) -> int:
        import ray

        if time.monotonic() - self._asked >= _NODES_S:
            self._cpus = max(1, int(ray.cluster_resources().get("CPU", 1)))
            self._asked = time.monotonic()
        return 2 * self._cpus

    def begin(self, task: Task) -> None:
        self._under_way[self._remote.remote([self._preparation], task)] = task

    def finished(self) -> list[list[Done]]:
        import ray

        tasks = list(self._under_way)
        ray.wait(tasks, num_returns=1)
        ended, _ = ray.wait(tasks, num_returns=len(tasks), timeout=0)
        return [self._outcome(task) for task in ended]

    def _outcome(self, reference) -> list[Done]:
        import ray

        job = self._under_way.pop(reference).job
        try:
            return ray.get(reference)
        except ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, UserError):
                raise UserError(str(error.cause)) from None
            raise
        except (ray.exceptions.RayError, ray.exceptions.WorkerCrashedError) as error:
            doing = f"preparing {job.key}" if isinstance(job, RawSequence) else f"joining {job.key}"
            raise UserError(
                f"workers died {RETRIES + 1} times while {doing} ({type(error).__name__}), perhaps for lack of memory; "
                "give the nodes fewer CPUs or more memory, or leave the sequence out; the same command goes on"
            ) from None


_benches: dict[str, Preparation] = {}
"""The one preparation that this worker has unpacked."""


def _work_on_node(preparation: list, task: Task) -> list[Done]:
    return work(_unpacked(preparation[0]), task)


def _unpacked(reference) -> Preparation:
    import ray

    if reference.hex() not in _benches:
        preparation = ray.get(reference)
        for outlet in preparation.outlets:
            if outlet.sink.staging.read_many([PLAN]) == [None]:
                raise UserError(
                    f"node {socket.gethostname()} does not see what is written to {outlet.sink.uri}; "
                    "give --out a folder that every node shares, or s3://bucket/prefix"
                )
        _benches.clear()
        _benches[reference.hex()] = preparation
    return _benches[reference.hex()]
