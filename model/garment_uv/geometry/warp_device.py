"""Start warp when it is first needed, and without its banner."""

import os
import sys
from functools import cache

import warp as wp

from garment_uv.errors import UserError


def warp_device(name: str = "cpu") -> wp.Device:
    """The device 'cpu', 'cuda' or 'cuda:N', named as torch does; UserError where there is no such one."""
    _start()
    try:
        return wp.get_device(name)
    except (ValueError, RuntimeError):
        there = ", ".join(str(item) for item in wp.get_devices())
        raise UserError(f"no device {name!r} on this machine: it has {there}; choose one of these") from None


@cache
def _start() -> None:
    """Initialise warp. Its C code tells stderr of a CPU-only machine that it has no driver: no news."""
    wp.config.log_level = max(wp.config.log_level, wp.LOG_WARNING)
    sys.stderr.flush()
    kept, sink = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(sink, 2)
        wp.init()
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(sink)


def quiet() -> None:
    """Start warp without a word of devices and compilations; call it before the first use of warp in a process."""
    wp.config.log_level = wp.LOG_ERROR
    warp_device()
