"""How the points of an atlas may lie; apart from what makes one, so that a config need not wait for that."""

from typing import Literal

Layout = Literal["crowded", "spread"]
"""Whether points may come as near as flattening brings them, or are moved apart after."""
