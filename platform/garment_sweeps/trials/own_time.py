"""How long a computation takes by itself, whatever else the machine does meanwhile."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

REPEATS = 7
"""Runs that are timed, after one that warms up."""


def own_seconds(call: Callable[[], object], device: "torch.device") -> float:
    """The least time of several runs: what disturbs a run makes it longer and never shorter.

    On a CPU it is the processor time of one thread: waiting for a core that others hold does not count. On a GPU it is
    the time between two events in its own stream.

    Args:
        call: computes on the device.
        device: with whose clock it is timed; torch's number of threads is 1 meanwhile on a CPU.

    Returns: seconds.
    """
    timed = _on_gpu if device.type == "cuda" else _on_one_thread
    return min(timed(call, 1 + REPEATS)[1:])


def _on_one_thread(call: Callable[[], object], runs: int) -> list[float]:
    import torch

    threads, times = torch.get_num_threads(), []
    torch.set_num_threads(1)
    try:
        for _ in range(runs):
            began = time.thread_time()
            call()
            times.append(time.thread_time() - began)
    finally:
        torch.set_num_threads(threads)
    return times


def _on_gpu(call: Callable[[], object], runs: int) -> list[float]:
    import torch

    times = []
    for _ in range(runs):
        began, ended = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        began.record()
        call()
        ended.record()
        ended.synchronize()
        times.append(began.elapsed_time(ended) / 1000)  # it is in ms
    return times
