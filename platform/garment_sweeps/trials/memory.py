"""Memory of a training: how much it took, and running out of it as the config's own fault."""

import ctypes
import gc
import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from garment_uv.errors import Infeasible

if TYPE_CHECKING:
    import torch

MIB = 2**20
SIGNS = ("out of memory", "can't allocate memory", "cublas_status_alloc_failed", "std::bad_alloc")
"""In the messages of torch's errors, in lower case, where there was no memory left on the host or on the GPU."""


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
