"""Who does the work of a preparation: this process, or several on this machine. On a cluster it is Ray's workers."""

import multiprocessing
import multiprocessing.connection
import os
import threading
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager
from typing import Protocol

from garment_uv.datasets.raw import RawSequence
from garment_uv.errors import UserError
from garment_uv.samples.assemble import make_shard
from garment_uv.samples.flow import Job
from garment_uv.samples.part import Bench, PartRecord, make_part
from garment_uv.samples.shard_plan import ShardRecord

Record = PartRecord | ShardRecord


class Crew(Protocol):
    """Workers that share one bench."""

    def room(self) -> int:
        """Jobs that should be under way at once, those that wait for a worker included; it may change."""
        ...

    def begin(self, job: Job) -> None:
        """Hands a job out."""
        ...

    def finished(self) -> list[Record]:
        """Records of jobs that ended since, waiting for at least one; raises what a job raised."""
        ...


CrewMaker = Callable[[Bench], AbstractContextManager[Crew]]
"""Makes a crew for as long as it is needed; with the context, whoever is still at work is ended."""


def work(bench: Bench, job: Job) -> Record:
    """Does one job: the same for every crew."""
    return make_part(bench, job) if isinstance(job, RawSequence) else make_shard(bench, job)


class OneProcess:
    """Does each job in this process, when it is handed out."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._records: list[Record] = []

    def __enter__(self) -> "OneProcess":
        return self

    def __exit__(self, *_: object) -> None:
        self._records.clear()

    def room(self) -> int:
        return 1

    def begin(self, job: Job) -> None:
        self._records.append(work(self._bench, job))

    def finished(self) -> list[Record]:
        records, self._records = self._records, []
        return records


class Processes:
    """So many processes on this machine."""

    def __init__(self, bench: Bench, count: int) -> None:
        self._count = count
        self._pool = ProcessPoolExecutor(
            count, multiprocessing.get_context("spawn"), initializer=_start_worker, initargs=(bench,)
        )
        self._under_way: set[Future] = set()

    def __enter__(self) -> "Processes":
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def room(self) -> int:
        return 2 * self._count

    def begin(self, job: Job) -> None:
        try:
            self._under_way.add(self._pool.submit(_work_in_worker, job))
        except BrokenProcessPool:
            raise _ended() from None

    def finished(self) -> list[Record]:
        ended, self._under_way = wait(self._under_way, return_when=FIRST_COMPLETED)
        try:
            return [future.result() for future in ended]
        except BrokenProcessPool:
            raise _ended() from None


def _ended() -> UserError:
    return UserError(
        "a worker process ended suddenly, perhaps for lack of memory; the same command with fewer --workers goes on"
    )


_bench: Bench | None = None


def _start_worker(bench: Bench) -> None:
    global _bench
    _bench = bench
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Ends this process when the one that started it was killed, which would leave it waiting for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)


def _work_in_worker(job: Job) -> Record:
    assert _bench is not None
    return work(_bench, job)
