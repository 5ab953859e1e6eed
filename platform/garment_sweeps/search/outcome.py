"""What a trial's last result means to the search: finished, stopped early, infeasible, or merely interrupted."""

import math
from dataclasses import dataclass
from typing import Any

from optuna.trial import TrialState

from garment_sweeps.trials import results


@dataclass(frozen=True)
class Outcome:
    """State to tell the study, the value with it, and why."""

    state: TrialState
    value: float | None
    reason: str = ""


def outcome_of(result: dict[str, Any] | None, error: bool, epochs: int) -> Outcome:
    """How a trial ended.

    A trial below its full epochs is PRUNED whatever Tune says, since its value is of another fidelity; FAIL is for
    trials that gave no usable value.

    Args:
        result: the last result that Tune holds, or None.
        error: Tune gave the trial up.
        epochs: epochs of a trial that is not stopped.
    """
    result = result or {}
    reason = str(result.get(results.REASON, ""))
    value = usable_value(result)
    if error:
        return Outcome(TrialState.FAIL, None, reason or "the trial's process failed")
    if result.get(results.INFEASIBLE) or result.get(results.FAILED):
        return Outcome(TrialState.FAIL, None, reason)
    if value is None:
        return Outcome(TrialState.FAIL, None, reason or f"no usable {results.OBJECTIVE} was reported")
    if int(result.get(results.EPOCH, 0)) >= epochs:
        return Outcome(TrialState.COMPLETE, value)
    return Outcome(TrialState.PRUNED, value, f"stopped at epoch {result[results.EPOCH]} of {epochs}")


def usable_value(result: dict[str, Any]) -> float | None:
    """The objective in mm, None where it is missing or not finite."""
    value = result.get(results.OBJECTIVE)
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None
