"""Who does the work of a preparation: this process, or several on this machine. On a cluster it is Ray's workers."""

import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager
from typing import Protocol

from garment_uv.datasets.raw import RawSequence
from garment_uv.errors import UserError
from garment_uv.samples.child import end_with
from garment_uv.samples.flow import Job
from garment_uv.samples.part import PartRecord, Preparation, make_part
from garment_uv.samples.shard_plan import ShardRecord, make_shard

Record = PartRecord | ShardRecord


class Crew(Protocol):
    """Workers that share one preparation."""

    def room(self) -> int:
        """Jobs that should be under way at once, those that wait for a worker included; it may change."""

    def begin(self, job: Job) -> None:
        """Hands a job out."""

    def finished(self) -> list[Record]:
        """Records of jobs that ended since, waiting for at least one; raises what a job raised."""


CrewMaker = Callable[[Preparation], AbstractContextManager[Crew]]
"""Makes a crew for as long as it is needed; with the context, whoever is still at work is ended."""


def work(preparation: Preparation, job: Job) -> Record:
    """Does one job: the same for every crew."""
    return make_part(preparation, job) if isinstance(job, RawSequence) else make_shard(preparation, job)


class InProcess:
    """Does each job in this process, when it is handed out."""

    def __init__(self, preparation: Preparation) -> None:
        self._preparation = preparation
        self._records: list[Record] = []

    def __enter__(self) -> "InProcess":
        return self

    def __exit__(self, *_: object) -> None:
        self._records.clear()

    def room(self) -> int:
        return 1

    def begin(self, job: Job) -> None:
        self._records.append(work(self._preparation, job))

    def finished(self) -> list[Record]:
        records, self._records = self._records, []
        return records


class WorkerProcesses:
    """So many processes on this machine."""

    def __init__(self, preparation: Preparation, count: int) -> None:
        self._count = count
        self._pool = ProcessPoolExecutor(
            count, multiprocessing.get_context("spawn"), initializer=_start_worker, initargs=(preparation, os.getpid())
        )
        self._under_way: set[Future] = set()

    def __enter__(self) -> "WorkerProcesses":
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


_preparation: Preparation | None = None


def _start_worker(preparation: Preparation, parent: int) -> None:
    global _preparation
    _preparation = preparation
    end_with(parent)


def _work_in_worker(job: Job) -> Record:
    assert _preparation is not None
    return work(_preparation, job)
