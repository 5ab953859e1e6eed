"""What the package shows: run a sweep, read its results, load a model."""

from garment_sweeps.api.load import load
from garment_sweeps.api.results import results
from garment_sweeps.api.run import run

__all__ = ["load", "results", "run"]
