"""The trained sweep of the promotion tests, to look at."""

from tests.garment_sweeps.promotion.conftest import tracked, trained_home

__all__ = ["tracked", "trained_home"]
