"""An experiment whose every trial diverges, where training is tabulated."""

from garment_sweeps.experiment import Choice, Experiment, Space
from garment_uv.training.trial import TrialConfig


def experiment() -> Experiment:
    rates = Choice(path="training.optimiser.generator_lr", options=(0.8, 0.9))
    base = TrialConfig().with_values({"training.epochs": 2})
    return Experiment(name="hopeless", description="", base=base, space=Space(parameters=(rates,)), trials=2)
