"""What a trained model costs beside its error: seconds per image, memory, of which it may run out, and parameters."""

import ctypes
import gc
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING

from garment_uv.errors import Infeasible

if TYPE_CHECKING:
    import torch

    from garment_uv.training.trainer import Trainer

MIB = 2**20
SIGNS = ("out of memory", "can't allocate memory", "cublas_status_alloc_failed", "std::bad_alloc")
"""In the messages of torch's errors, in lower case, where there was no memory left on the host or on the GPU."""
REPEATS = 7
"""Runs that are timed, after one that warms up."""


def measure_costs(trainer: "Trainer", memory: "PeakMemory") -> dict[str, float]:
    """'seconds_per_image' of the generator, 'memory_mib' of the whole training, 'parameters' of the generator."""
    from garment_uv.networks.blocks import count_parameters

    return {
        "memory_mib": memory.mib(),  # before more is taken
        "parameters": float(count_parameters(trainer.generator)["total"]),
        "seconds_per_image": seconds_per_image(trainer),
    }


def seconds_per_image(trainer: "Trainer") -> float:
    """Time of the generator's forward pass over a batch as evaluated, by the batch's size; see `own_seconds`.

    The weights, the generator's mode and all random states stay as they were.
    """
    import torch

    from garment_uv.samples.batch import collate
    from garment_uv.samples.source import iterate_samples
    from garment_uv.training.evaluate import evaluation_batch

    config, generator = trainer.config, trainer.generator
    samples = iterate_samples(trainer.source, config.evaluation.split, evaluation_batch(config))
    batch = collate(list(samples)).to(trainer.device)
    was_training = generator.training
    generator.eval()
    try:
        with torch.no_grad():
            forward = partial(generator, batch.image, batch.body_uv, batch.camera, batch.segments)
            return own_seconds(forward, trainer.device) / len(batch)
    finally:
        generator.train(was_training)


def own_seconds(call: Callable[[], object], device: "torch.device") -> float:
    """The least time, s, of several runs of `call`: what disturbs a run makes it longer and never shorter.

    On a CPU it is the processor time of one thread, the only one that torch has meanwhile: waiting for a core that
    others hold does not count. On a GPU it is the time between two events in its own stream.
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


@contextmanager
def enough_memory() -> Iterator[None]:
    """Raises Infeasible in place of whatever Python and torch raise when memory runs out."""
    try:
        yield
    except MemoryError as error:
        raise Infeasible(f"out of memory: {str(error) or 'the host has none left'}") from None
    except RuntimeError as error:  # torch's own is one, and its allocator on the CPU raises no other
        text = str(error)
        if not any(sign in text.lower() for sign in SIGNS):
            raise
        raise Infeasible(f"out of memory: {text.strip().splitlines()[0][:300]}") from None


class PeakMemory:
    """The most memory that was taken since this was made: allocated on the GPU, or by this process on the host."""

    def __init__(self, device: "torch.device") -> None:
        self._device = device
        if device.type == "cuda":
            import torch

            torch.cuda.reset_peak_memory_stats(device)
            self._before = 0
            return
        import psutil

        _give_back_what_is_free()
        self._before = psutil.Process().memory_info().rss
        with suppress(OSError), open("/proc/self/clear_refs", "w") as file:  # else it is that of the whole process
            file.write("5")  # the peak begins anew

    def mib(self) -> float:
        """MiB; on the host what this process has grown by."""
        if self._device.type == "cuda":
            import torch

            return torch.cuda.max_memory_allocated(self._device) / MIB
        return max(0, _host_peak() - self._before) / MIB


def _give_back_what_is_free() -> None:
    """Has the C library return to the system what earlier trials of this process freed; it would hide the next one."""
    gc.collect()
    with suppress(OSError, AttributeError):  # another C library than glibc
        ctypes.CDLL(None).malloc_trim(0)


def _host_peak() -> int:
    """Bytes that this process held at most since its peak was reset."""
    with suppress(OSError), open("/proc/self/status") as lines:
        for line in lines:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
