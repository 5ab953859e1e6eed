"""Synchronous successive halving in several brackets."""

import math
from typing import Any

from ray.tune.schedulers import HyperBandScheduler, TrialScheduler

from garment_sweeps.experiment import HyperBandConfig, result_keys
from garment_sweeps.search.schedulers.views import Rule, TrialView


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
        super().__init__(
            time_attr=result_keys.EPOCH,
            metric=result_keys.OBJECTIVE,
            mode="min",
            max_t=epochs,
            reduction_factor=config.reduction,
            stop_last_trials=False,
        )
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
