"""No scheduler: every trial trains all its epochs."""

from typing import Any

from ray.tune.schedulers import FIFOScheduler

from garment_sweeps.search.schedulers.views import TrialView


class Fifo(FIFOScheduler):
    """Ray's, which decides nothing."""

    expects_trials = False
    occasion = None  # it draws no random numbers

    def inputs(self, trial: TrialView, result: dict[str, Any]) -> dict[str, Any]:
        """None."""
        return {}

    def promoted(self, trial: TrialView | None, decision: str, inputs: dict[str, Any]) -> list[TrialView]:
        """None."""
        return []
