"""An experiment with `--set path=value` applied to its base config."""

from garment_sweeps.experiment.experiment import Experiment
from garment_sweeps.experiment.load import load_experiment
from garment_uv.config import parse_assignments
from garment_uv.errors import UserError


def experiment_with(spec: str, assignments: tuple[str, ...]) -> Experiment:
    """The experiment of that name with its base changed; UserError on unknown experiments, fields and values."""
    loaded = load_experiment(spec)
    changes = parse_assignments(assignments)
    if not changes:
        return loaded
    return Experiment(**{**loaded.plain(), "base": loaded.base.with_values(changes).plain()})


def sweep_named(spec: str) -> str:
    """The sweep that `garment sweep SPEC --resume` means: an experiment's own, or the one of that name."""
    try:
        return load_experiment(spec).name
    except UserError:
        return spec
