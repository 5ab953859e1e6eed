"""A closed surface to move things out of."""

from tests.garment_uv.pictured import body

__all__ = ["body"]
