"""How this room uses warp."""

import warp as wp


def quiet() -> None:
    """Keep warp from announcing devices and compilations; call it before the first use of warp in a process."""
    wp.config.log_level = wp.LOG_ERROR
