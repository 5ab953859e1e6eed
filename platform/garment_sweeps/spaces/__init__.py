"""Search spaces and experiments, as data."""

from garment_sweeps.spaces.experiment import AshaConfig, Experiment, ResourcesConfig
from garment_sweeps.spaces.load import experiment_names, load_experiment
from garment_sweeps.spaces.space import Choice, Float, Integer, Space

__all__ = [
    "AshaConfig",
    "Choice",
    "Experiment",
    "Float",
    "Integer",
    "ResourcesConfig",
    "Space",
    "experiment_names",
    "load_experiment",
]
