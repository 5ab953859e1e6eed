"""The rule of an experiment: schedulers of Ray's that see stand-ins only, and say what they decide by."""

import math
from typing import Any

import numpy as np
from ray.tune.schedulers import (
    AsyncHyperBandScheduler,
    FIFOScheduler,
    HyperBandScheduler,
    MedianStoppingRule,
    TrialScheduler,
)

from garment_sweeps.experiment import AshaConfig, Experiment, HyperBandConfig, MedianConfig, PbtConfig, result_keys
from garment_sweeps.search.schedulers.population import Population
from garment_sweeps.search.schedulers.views import MEASURED, Rule, TrialView


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
        grace, reduction = config.grace_epochs, config.reduction
        super().__init__(**MEASURED, max_t=epochs, grace_period=grace, reduction_factor=reduction)

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


class HyperBand(Rule, HyperBandScheduler):
    """Ray's HyperBand, in which no bracket can get stuck.

    Ray's own fills a bracket with the trials that there are, and takes a bracket for unfilled as soon as one of its
    trials ends; with trials that are suggested one after the other, the first bracket would take all of them. Here
    it is told beforehand how many trials to expect (`expects_trials`), so that brackets are those of a sweep whose
    trials were all there from the beginning.

    Ray's own looks at a bracket only once when a trial leaves it: one that fails after the first halving lets the
    others wait for ever; and so do trials that come too late for their rung, since S2S is not measured every epoch.
    Here a bracket is looked at again until a trial of it has something to do.

    The survivors of the last halving train all their epochs, also where those are no power of `reduction`.
    """

    expects_trials = True

    def __init__(self, config: HyperBandConfig, epochs: int) -> None:
        super().__init__(**MEASURED, max_t=epochs, reduction_factor=config.reduction, stop_last_trials=False)
        self._woken: set[TrialView] = set()

    def inputs(self, trial: TrialView, result: dict[str, Any]) -> dict[str, Any]:
        """The trial's bracket and the epoch of its next halving; where it comes now, the values of all, best first."""
        bracket, band = self._trial_info[trial]
        if bracket._halves == 0 or result[result_keys.EPOCH] < bracket._cumul_r:
            return {}
        place = {"band": band, "bracket": self._hyperbands[band].index(bracket), "rung": bracket._cumul_r}
        others = {other: last_result for other, last_result in bracket._live_trials.items() if other is not trial}
        waiting_for = [other for other, last_result in others.items() if _epoch(last_result) < bracket._cumul_r]
        if waiting_for:
            return {**place, "waiting_for": len(waiting_for)}
        values = {trial.name: result[result_keys.OBJECTIVE]}
        values |= {other.name: last_result[result_keys.OBJECTIVE] for other, last_result in others.items()}
        ranked = sorted(values.items(), key=lambda item: item[1])
        return {**place, "keeps": math.ceil(bracket._n / self._eta), "ranked": ranked}

    def promoted(self, trial: TrialView | None, decision: str, inputs: dict[str, Any]) -> list[TrialView]:
        """Trials that are let into the next rung now."""
        brackets = [bracket for band in self._hyperbands for bracket in band if bracket is not None]
        woken = [t for bracket in brackets for t in bracket._live_trials if t in bracket.trials_to_unpause]
        fresh = [t for t in woken if t not in self._woken]
        self._woken = set(woken)
        return [*fresh, trial] if trial and "keeps" in inputs and decision == TrialScheduler.CONTINUE else fresh

    def _process_bracket(self, tune_controller: Any, bracket: Any) -> str:
        action = super()._process_bracket(tune_controller, bracket)
        while bracket._halves > 0 and bracket._live_trials and bracket.cur_iter_done():
            again = super()._process_bracket(tune_controller, bracket)
            action = action if action == TrialScheduler.STOP else again
        bracket.is_being_processed = False
        return action


def _epoch(result: dict[str, Any] | None) -> int:
    return result[result_keys.EPOCH] if result else 0


class Median(Rule, MedianStoppingRule):
    """The median stopping rule.

    It is told never to pause a trial while it has too few others to compare with: whether it would depends on which
    trials happen to wait for a place at that moment.
    """

    def __init__(self, config: MedianConfig) -> None:
        never: Any = math.inf
        grace, trials = config.grace_epochs, config.min_trials
        super().__init__(**MEASURED, grace_period=grace, min_samples_required=trials, min_time_slice=never)

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
