"""The median stopping rule."""

import math
from typing import Any

import numpy as np
from ray.tune.schedulers import MedianStoppingRule

from garment_sweeps.experiment import MedianConfig, result_keys
from garment_sweeps.search.schedulers.views import TrialView


class Median(MedianStoppingRule):
    """Ray's rule, which says what it decides by.

    It is told never to pause a trial while it has too few others to compare with: whether it would depends on which
    trials happen to wait for a place at that moment.
    """

    expects_trials = False
    occasion = None  # it draws no random numbers

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

    def promoted(self, trial: TrialView | None, decision: str, inputs: dict[str, Any]) -> list[TrialView]:
        """None: the rule lets go on, and prefers nobody."""
        return []
