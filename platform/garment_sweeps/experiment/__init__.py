"""Search spaces and experiments, as data."""

from garment_sweeps.experiment.experiment import Budget, ConstraintConfig, Experiment, FinalsConfig, ResourcesConfig
from garment_sweeps.experiment.load import experiment_file, experiment_names, load_experiment
from garment_sweeps.experiment.scheduling import AshaConfig, HyperBandConfig, MedianConfig, PbtConfig
from garment_sweeps.experiment.space import Choice, Float, Integer, Space

__all__ = [
    "AshaConfig",
    "Budget",
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
