"""What the package shows: run a sweep, read its results, load a model."""

from garment_sweeps.api.load_model import load
from garment_sweeps.api.run_sweep import run
from garment_sweeps.api.sweep_results import results

__all__ = ["load", "results", "run"]
