"""How a training runs: deterministic, on so many threads, on memory it keeps, without warnings that are known."""

import ctypes
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch
import torch.utils.deterministic

from garment_uv.training.predict import quiet_sparse

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4
"""`mallopt`'s names for its settings (malloc.h of the GNU C library)."""
_NEVER = 2**31 - 1


def keep_freed_memory() -> bool:
    """Have the C library's allocator of this process give no large block back to the kernel; whether it can be told.

    A training step asks for the same gigabytes again and again. By default each large tensor is mapped anew and every
    page of it is zeroed by the kernel, a fifth of a step's time on two cores. The process stays at its peak size.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return bool(mallopt and mallopt(_MMAP_MAX, 0) and mallopt(_TRIM_THRESHOLD, _NEVER))


NOTICES = ("does not have a deterministic implementation", "CUBLAS_WORKSPACE_CONFIG")
"""Warnings that say what `Trainer` says of CUDA already."""


@contextmanager
def deterministic_sums(threads: int) -> Iterator[None]:
    """Deterministic algorithms on `threads` threads (0: as many as there are) while inside; put back afterwards."""
    before, algorithms = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    fill = torch.utils.deterministic.fill_uninitialized_memory
    if threads:
        torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # nothing here reads what was not written
    try:
        with quiet_sparse(), warnings.catch_warnings():
            for notice in NOTICES:
                warnings.filterwarnings("ignore", message=f".*{notice}.*")
            yield
    finally:
        torch.utils.deterministic.fill_uninitialized_memory = fill
        torch.use_deterministic_algorithms(algorithms, warn_only=warn_only)
        torch.set_num_threads(before)
