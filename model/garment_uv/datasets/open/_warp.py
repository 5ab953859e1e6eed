"""How this room uses warp."""

import warp as wp

from garment_uv.geometry.warp_device import warp_device


def quiet() -> None:
    """Start warp without a word of devices and compilations; call it before the first use of warp in a process."""
    wp.config.log_level = wp.LOG_ERROR
    warp_device()
