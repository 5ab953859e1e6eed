"""How a sweep stands when its driver ends."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SweepReport:
    """Counts of a sweep's trials, its best one, and what it spent."""

    name: str
    complete: int
    pruned: int
    failed: int
    """Infeasible ones included."""
    interrupted: int
    """Cut short by the budget or by the user; `--resume` goes on with them."""
    best_mm: float | None
    best_trial: str
    gpu_hours: float
    stopped_because: str = ""

    @property
    def ended(self) -> int:
        """Trials that are done with."""
        return self.complete + self.pruned + self.failed
