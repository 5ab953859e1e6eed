"""Search spaces and experiments, as data."""

from garment_sweeps.spaces.experiment import ConstraintConfig, Experiment, FinalsConfig, ResourcesConfig
from garment_sweeps.spaces.load import experiment_file, experiment_names, load_experiment
from garment_sweeps.spaces.scheduling import AshaConfig, HyperBandConfig, MedianConfig, PbtConfig
from garment_sweeps.spaces.space import Choice, Float, Integer, Space

__all__ = [
    "AshaConfig",
    "Choice",
    "ConstraintConfig",
    "Experiment",
    "FinalsConfig",
    "Float",
    "HyperBandConfig",
    "Integer",
    "MedianConfig",
    "PbtConfig",
    "ResourcesConfig",
    "Space",
    "experiment_file",
    "experiment_names",
    "load_experiment",
]
