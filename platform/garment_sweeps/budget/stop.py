"""The stop that holds a sweep to its budget."""

import time
from typing import Any

from ray.tune import Stopper

from garment_sweeps.budget.budget import Budget
from garment_sweeps.trials import results


class BudgetStop(Stopper):
    """Ends every trial at its next epoch, with a checkpoint, once the budget is spent.

    Trials that it ended are remembered: they were cut short and not judged, so the search leaves them to be resumed.

    Args:
        budget: the limits.
        gpus: share of a GPU that a trial holds; 0 counts as 1.
        spent: device-seconds of each trial in earlier sessions, by the trial's name.
    """

    def __init__(self, budget: Budget, gpus: float = 0.0, spent: dict[str, float] | None = None) -> None:
        self._budget = budget
        self._share = gpus or 1.0
        self._seconds = dict(spent or {})
        self._began = time.monotonic()
        self._stopped: set[str] = set()

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        """Counts the trial's seconds and says whether it must end now."""
        name = result["config"]["trial"]["id"]
        self._seconds[name] = max(self._seconds.get(name, 0.0), float(result.get(results.DEVICE_SECONDS, 0.0)))
        if result.get("done") or not self.exhausted():
            return False
        self._stopped.add(trial_id)
        return True

    def stop_all(self) -> bool:
        """Never at once: each trial ends at its own epoch, so that nothing is lost."""
        return False

    def gpu_hours(self) -> float:
        """Spent so far, earlier sessions included."""
        return sum(self._seconds.values()) * self._share / 3600.0

    def exhausted(self) -> bool:
        """Whether a limit is reached."""
        wall = (time.monotonic() - self._began) / 3600.0
        over_gpu = self._budget.gpu_hours is not None and self.gpu_hours() >= self._budget.gpu_hours
        over_wall = self._budget.wall_hours is not None and wall >= self._budget.wall_hours
        return over_gpu or over_wall

    def stopped(self, trial_id: str) -> bool:
        """Whether the budget, and not the scheduler, ended Tune's trial of that id."""
        return trial_id in self._stopped

    def why(self) -> str:
        """The limit that was reached, in words; empty while there is budget."""
        if not self.exhausted():
            return ""
        if self._budget.gpu_hours is not None and self.gpu_hours() >= self._budget.gpu_hours:
            return f"budget of {self._budget.gpu_hours:g} GPU-hours spent"
        return f"budget of {self._budget.wall_hours:g} hours spent"
