"""Which trials of a study were begun."""

import optuna
from optuna.trial import FrozenTrial, TrialState


def started(study: optuna.Study) -> list[FrozenTrial]:
    """All trials that were asked for, in order; those still waiting in the queue left out."""
    return [t for t in study.get_trials(deepcopy=False) if t.state != TrialState.WAITING]
