"""Asynchronous successive halving."""

from typing import Any

from ray.tune.schedulers import AsyncHyperBandScheduler, TrialScheduler

from garment_sweeps.experiment import AshaConfig, result_keys
from garment_sweeps.search.schedulers.views import TrialView


class Asha(AsyncHyperBandScheduler):
    """Ray's ASHA with one bracket, which says what it decides by."""

    expects_trials = False
    occasion = None  # with one bracket there is nothing to draw

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
        return [trial] if inputs and decision == TrialScheduler.CONTINUE else []  # type: ignore[list-item]
