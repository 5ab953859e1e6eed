"""What a sweep may spend, and the stop that holds it to that."""

from garment_sweeps.budget.budget import Budget

__all__ = ["Budget"]
