"""Who does the work of a preparation: this process, or several on this machine. On a cluster it is Ray's workers."""

import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol

from garment_uv.errors import UserError
from garment_uv.samples.child import end_with
from garment_uv.samples.flows import Done, Task
from garment_uv.samples.jobs import Preparation, work


class Crew(Protocol):
    """Workers that share one preparation."""

    def room(self) -> int:
        """Tasks that should be under way at once, those that wait for a worker included; it may change."""

    def begin(self, task: Task) -> None:
        """Hands a task out."""

    def finished(self) -> list[list[Done]]:
        """What became of the tasks that ended since, waiting for at least one; raises what a task raised."""


CrewMaker = Callable[[Preparation], AbstractContextManager[Crew]]
"""Makes a crew for as long as it is needed; with the context, whoever is still at work is ended."""


def this_process(preparation: Preparation) -> AbstractContextManager[Crew]:
    """Does each task in this process, when it is handed out."""
    return nullcontext(_Alone(preparation))


@contextmanager
def worker_processes(preparation: Preparation, count: int) -> Iterator[Crew]:
    """So many processes on this machine."""
    started = (preparation, os.getpid())
    pool = ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), _start_worker, started)
    try:
        yield _Processes(pool, 2 * count)
    except BrokenProcessPool:
        raise UserError(
            "a worker process ended suddenly, perhaps for lack of memory; the same command with fewer --workers goes on"
        ) from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


class _Alone:
    def __init__(self, preparation: Preparation) -> None:
        self._preparation = preparation
        self._ended: list[list[Done]] = []

    def room(self) -> int:
        return 1

    def begin(self, task: Task) -> None:
        self._ended.append(work(self._preparation, task))

    def finished(self) -> list[list[Done]]:
        ended, self._ended = self._ended, []
        return ended


class _Processes:
    def __init__(self, pool: ProcessPoolExecutor, room: int) -> None:
        self._pool, self._room = pool, room
        self._under_way: set[Future[list[Done]]] = set()

    def room(self) -> int:
        return self._room

    def begin(self, task: Task) -> None:
        self._under_way.add(self._pool.submit(_work_in_worker, task))

    def finished(self) -> list[list[Done]]:
        ended, self._under_way = wait(self._under_way, return_when=FIRST_COMPLETED)
        return [future.result() for future in ended]


_preparation: Preparation | None = None


def _start_worker(preparation: Preparation, parent: int) -> None:
    global _preparation
    _preparation = preparation
    end_with(parent)


def _work_in_worker(task: Task) -> list[Done]:
    assert _preparation is not None
    return work(_preparation, task)
