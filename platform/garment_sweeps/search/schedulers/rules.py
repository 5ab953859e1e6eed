"""The rule of an experiment: schedulers of Ray's that see stand-ins only, and say what they decide by."""

import math
from typing import Any

import numpy as np
from ray.tune.schedulers import AsyncHyperBandScheduler, FIFOScheduler, MedianStoppingRule, TrialScheduler

from garment_sweeps.experiment import AshaConfig, Experiment, HyperBandConfig, MedianConfig, PbtConfig, result_keys
from garment_sweeps.search.schedulers.hyperband import HyperBand
from garment_sweeps.search.schedulers.population import Population
from garment_sweeps.search.schedulers.views import Rule, TrialView


def make_rule(experiment: Experiment) -> Rule:
    """Ray's scheduler, fresh, as the experiment describes it."""
    match experiment.scheduler:
        case AshaConfig() as asha:
            return Asha(asha, experiment.epochs)
        case HyperBandConfig() as hyperband:
            return HyperBand(hyperband, experiment.epochs)
        case MedianConfig() as median:
            return Median(median)
        case PbtConfig() as pbt:
            return Population(pbt, experiment.space)
        case None:
            return Fifo()


class Fifo(Rule, FIFOScheduler):
    """No scheduler: every trial trains all its epochs."""


class Asha(Rule, AsyncHyperBandScheduler):
    """Asynchronous successive halving, with one bracket."""

    def __init__(self, config: AshaConfig, epochs: int) -> None:
        super().__init__(
            time_attr=result_keys.EPOCH,
            metric=result_keys.OBJECTIVE,
            mode="min",
            max_t=epochs,
            grace_period=config.grace_epochs,
            reduction_factor=config.reduction,
        )

    def inputs(self, trial: TrialView, result: dict[str, Any]) -> dict[str, Any]:
        """The rung that this result is on, and the worst value in mm that may pass it; empty between rungs."""
        bracket = self._trial_info[trial.trial_id]
        for milestone, recorded in bracket._rungs:
            if result[result_keys.EPOCH] >= milestone and trial.trial_id not in recorded:
                cutoff = bracket.cutoff(recorded)
                at_most = None if cutoff is None else -float(cutoff)
                return {"rung": float(milestone), "on_rung": len(recorded), "at_most_mm": at_most}
        return {}

    def promoted(self, trial: TrialView | None, decision: str, inputs: dict[str, Any]) -> list[TrialView]:
        """The trial itself, where it passed a rung."""
        return [trial] if trial and inputs and decision == TrialScheduler.CONTINUE else []


class Median(Rule, MedianStoppingRule):
    """The median stopping rule.

    It is told never to pause a trial while it has too few others to compare with: whether it would depends on which
    trials happen to wait for a place at that moment.
    """

    def __init__(self, config: MedianConfig) -> None:
        super().__init__(
            time_attr=result_keys.EPOCH,
            metric=result_keys.OBJECTIVE,
            mode="min",
            grace_period=config.grace_epochs,
            min_samples_required=config.min_trials,
            min_time_slice=math.inf,  # type: ignore[arg-type]
        )

    def inputs(self, trial: TrialView, result: dict[str, Any]) -> dict[str, Any]:
        """The median in mm of the others' means, the trial's best, and how many others; empty in grace epochs."""
        epoch = result[result_keys.EPOCH]
        if epoch < self._grace_period:
            return {}
        others = [other for other in self._trials_beyond_time(epoch) if other is not trial]
        means = [mean for mean in (self._running_mean(other, epoch) for other in others) if np.isfinite(mean)]
        if len(means) < self._min_samples_required:
            return {"others": len(means)}
        mine = [r[result_keys.OBJECTIVE] for r in self._results.get(trial, [])]
        best = min([*mine, result[result_keys.OBJECTIVE]])
        return {"others": len(means), "median_mm": float(np.median(means)), "best_mm": best}
