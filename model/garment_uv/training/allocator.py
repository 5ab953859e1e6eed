"""Keeps memory that tensors on the CPU gave back, for the next ones."""

import ctypes
import sys

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
