"""What a sweep may spend."""

from pydantic import Field

from garment_uv.config import Config


class Budget(Config):
    """Limits of a sweep; None is no limit."""

    gpu_hours: float | None = Field(default=None, gt=0)
    """Sum over trials, repeats of finalists included, of hours times the trial's share of a GPU; over all sessions.

    Set-up and what crashes lost count too. A trial without GPUs counts as one device.
    """
    wall_hours: float | None = Field(default=None, gt=0)
    """Since this session of the sweep began."""
