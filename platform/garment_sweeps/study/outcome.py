"""What a trial's last result means to the search, and which results no other one beats in every respect at once."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from optuna.trial import TrialState

from garment_sweeps.experiment import Experiment, result_keys

PREFIX = f"{result_keys.COSTS}/"


@dataclass(frozen=True)
class Outcome:
    """State to tell the study, with values (S2S in mm first, then costs) where it is complete, and why."""

    state: TrialState
    values: tuple[float, ...] | None
    reason: str = ""
    infeasible: bool = False
    """The config itself is at fault: the search learns to keep away from it."""
    epoch: int = 0
    """How far it came."""
    violations: dict[str, float] | None = None
    """How far each constraint was exceeded; at most 0 where it was kept."""

    @property
    def accident(self) -> bool:
        """Whether the trial failed for a reason that is not its config's."""
        return self.state == TrialState.FAIL and not self.infeasible

    @property
    def attrs(self) -> dict[str, Any]:
        """What the study keeps with the trial, without the prefix of the names."""
        known = {"reason": self.reason, "epoch": self.epoch, "violations": self.violations}
        return {name: value for name, value in known.items() if value}


def outcome_of(result: dict[str, Any] | None, error: bool, experiment: Experiment) -> Outcome:
    """How a trial ended.

    A trial below its full epochs is PRUNED whatever Tune says, since its value is of another fidelity; FAIL is for
    trials that gave no usable value or whose config proved untrainable. `result` is the last one that Tune holds, if
    any; with an `error` Tune gave the trial up.
    """
    result = result or {}
    reason, epoch = str(result.get(result_keys.REASON, "")), int(result.get(result_keys.EPOCH, 0))
    failed = partial(Outcome, TrialState.FAIL, None, epoch=epoch)
    if error:
        return failed(reason or "the trial's process failed")
    infeasible = bool(result.get(result_keys.INFEASIBLE))
    if infeasible or result.get(result_keys.FAILED):
        return failed(reason, infeasible)
    value = usable_value(result)
    if value is None:
        return failed(reason or f"no usable {experiment.metric} was reported")
    if epoch < experiment.epochs:
        return Outcome(TrialState.PRUNED, None, f"stopped at epoch {epoch} of {experiment.epochs}", epoch=epoch)
    return replace(completed(value, costs_of(result), experiment), epoch=epoch)


def usable_value(result: dict[str, Any]) -> float | None:
    """The objective in mm, None where it is missing or not finite."""
    value = result.get(result_keys.OBJECTIVE)
    return float(value) if value is not None and _is_usable(value) else None


def costs_of(result: dict[str, Any]) -> dict[str, float]:
    """The finite costs in a result, by name, nested or flattened to 'costs/NAME' as Tune hands it to a searcher."""
    flat = {key.removeprefix(PREFIX): value for key, value in result.items() if key.startswith(PREFIX)}
    costs = {**(result.get(result_keys.COSTS) or {}), **flat}
    return {name: value for name, value in costs.items() if _is_usable(value)}


def earlier_of(result: dict[str, Any]) -> list[tuple[int, float]]:
    """Epochs before a result's own that it tells of, with their values; only finite ones."""
    return [(epoch, value) for epoch, value in result.get(result_keys.EARLIER, ()) if _is_usable(value)]


def completed(value: float, costs: dict[str, float], experiment: Experiment) -> Outcome:
    """The outcome of a training to the end, with its error in mm and its costs; FAIL where one is missing."""
    if not _is_usable(value):
        return Outcome(TrialState.FAIL, None, f"no usable {experiment.metric} was reported")
    wanted = (*experiment.also_minimise, *(c.metric for c in experiment.constraints))
    missing = [name for name in wanted if not _is_usable(costs.get(name))]
    if missing:
        return Outcome(TrialState.FAIL, None, f"{missing[0]} was not measured")
    values = (value, *(float(costs[name]) for name in experiment.also_minimise))
    violations: dict[str, float] = {c.metric: float(costs[c.metric]) - c.at_most for c in experiment.constraints}
    return Outcome(TrialState.COMPLETE, values, violations=violations or None)


def dominates(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether `one` is nowhere worse than `other` and somewhere better; less is better."""
    return all(a <= b for a, b in zip(one, other, strict=True)) and tuple(one) != tuple(other)


def pareto_front(points: Sequence[Sequence[float]]) -> list[bool]:
    """For each point, objectives to be small, whether no other one dominates it. Equal points stand together."""
    front: list[int] = []  # in this order a point is dominated by one before it, and then by one on the front too
    for index in sorted(range(len(points)), key=lambda index: tuple(points[index])):
        if not any(dominates(points[member], points[index]) for member in front):
            front.append(index)
    return [index in front for index in range(len(points))]


def _is_usable(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
