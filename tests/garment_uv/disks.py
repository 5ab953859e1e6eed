"""Places that refuse to be written to, for anyone, root too, and without any right to mount one."""

import ctypes
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CAP_DAC_OVERRIDE = 1
"""With it, root writes wherever modes forbid it."""


@contextmanager
def full_disk(free: int) -> Iterator[None]:
    """No file of this process and its children grows beyond `free` bytes: EFBIG, as ENOSPC comes, in mid-write."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (free, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Nothing can be made in or taken from `folder` by this thread: EACCES."""
    before = folder.stat().st_mode
    folder.chmod(0o555)
    try:
        with _as_anybody():
            yield
    finally:
        folder.chmod(before)


class _Header(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class _Sets(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint32) for name in ("effective", "permitted", "inheritable")]


@contextmanager
def _as_anybody() -> Iterator[None]:
    """Without root's right to write where modes forbid it; what may be dropped may be taken back."""
    libc, header, sets = ctypes.CDLL(None, use_errno=True), _Header(0x20080522, 0), (_Sets * 2)()
    _check(libc.capget(ctypes.byref(header), sets))
    before = sets[0].effective
    sets[0].effective = before & ~(1 << CAP_DAC_OVERRIDE)
    _check(libc.capset(ctypes.byref(header), sets))
    try:
        yield
    finally:
        sets[0].effective = before
        _check(libc.capset(ctypes.byref(header), sets))


def _check(status: int) -> None:
    if status:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
