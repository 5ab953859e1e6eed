"""What a tenth of a millimetre costs: GPU-hours against the best S2S of complete trials so far."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite
from typing import Any

from garment_sweeps.budget.ledger import event_seconds
from garment_sweeps.study.study import names_repeat

STEP_MM = 0.1


@dataclass(frozen=True)
class Incumbent:
    """A complete trial that was better than all complete ones before it."""

    trial: str
    gpu_hours: float
    """Spent by the whole sweep when it ended."""
    mm: float


@dataclass(frozen=True)
class Cost:
    """Of the sweep's gain, with one seed each."""

    incumbents: tuple[Incumbent, ...]
    gpu_hours: float
    """Spent by the search until the last event."""
    baseline_mm: float | None = None
    """S2S of the class mean displacement."""
    unit: str = "GPU-hours"
    """'device-hours' where trials have no GPU."""

    @property
    def overall(self) -> float | None:
        """GPU-hours per 0.1 mm from the first complete trial to the best; None without a gain."""
        return _per_step(self.incumbents[0], self.incumbents[-1]) if len(self.incumbents) > 1 else None

    @property
    def marginal(self) -> float | None:
        """GPU-hours per 0.1 mm of the last improvement; None without one."""
        return _per_step(self.incumbents[-2], self.incumbents[-1]) if len(self.incumbents) > 1 else None

    @property
    def from_baseline(self) -> float | None:
        """GPU-hours per 0.1 mm below the baseline, from the sweep's beginning; None where nothing is below it."""
        if not self.incumbents or self.baseline_mm is None or self.incumbents[-1].mm >= self.baseline_mm:
            return None
        return _per_step(Incumbent("", 0.0, self.baseline_mm), self.incumbents[-1])

    @property
    def since(self) -> float:
        """GPU-hours that were spent after the best was found and brought nothing."""
        return self.gpu_hours - self.incumbents[-1].gpu_hours if self.incumbents else self.gpu_hours

    def metrics(self) -> dict[str, float]:
        """What is known, by MLflow metric."""
        named = {
            "report/gpu_hours_per_0.1mm": self.overall,
            "report/gpu_hours_per_0.1mm_last": self.marginal,
            "report/gpu_hours_per_0.1mm_below_class_mean": self.from_baseline,
            "report/gpu_hours_since_best": self.since if self.incumbents else None,
        }
        return {name: value for name, value in named.items() if value is not None}

    def lines(self) -> list[str]:
        """In words."""
        if not self.incumbents:
            return []
        lines = []
        first, best = self.incumbents[0], self.incumbents[-1]
        if self.overall is not None:
            lines.append(
                f"cost: {self.overall:.3g} {self.unit} per 0.1 mm from {first.mm:.2f} mm ({first.trial}, the first "
                f"complete trial) to {best.mm:.2f} mm ({best.trial}); {self.marginal:.3g} in the last improvement"
            )
        if self.from_baseline is not None:
            lines.append(
                f"cost: {self.from_baseline:.3g} {self.unit} per 0.1 mm below the class mean displacement "
                f"({self.baseline_mm:.2f} mm)"
            )
        if self.since > 0:
            lines.append(f"cost: {self.since:.3g} {self.unit} of search after {best.trial} brought nothing better")
        return lines


def cost_of(
    events: Iterable[dict[str, Any]], gpus: float, baseline_mm: float | None = None, processes: int = 1
) -> Cost:
    """The cost, from the sweep's decision log.

    Args:
        events: in order; seconds of all trials' attempts add up as they are reported, also of trials that were
            stopped or failed. Finals come after the search and are left out: they measure and do not gain.
        gpus: GPUs, or share of one, that a trial holds; without any each of its processes counts as one device.
        baseline_mm: of the class mean displacement, where it was measured.
        processes: of a trial.
    """
    share, unit = gpus or float(processes), "GPU-hours" if gpus else "device-hours"
    reached: dict[tuple[str, Any], float] = {}
    seconds = 0.0
    incumbents: list[Incumbent] = []
    for event in events:
        if event["kind"] == "budget" and event.get("what") == "lost" and not names_repeat(event["trial"]):
            seconds += float(event["seconds"])
        spent = None if event["kind"] == "repeat" else event_seconds(event)
        if spent is not None:
            key = (event["trial"], spent[0])
            seconds += max(0.0, spent[1] - reached.get(key, 0.0))
            reached[key] = max(reached.get(key, 0.0), spent[1])
        value = _final(event)
        if value is not None and (not incumbents or value < incumbents[-1].mm):
            incumbents.append(Incumbent(event["trial"], seconds * share / 3600.0, value))
    return Cost(tuple(incumbents), seconds * share / 3600.0, baseline_mm, unit)


def _final(event: dict[str, Any]) -> float | None:
    """S2S of a trial that has just been completed."""
    if event["kind"] != "end" or event.get("state") != "COMPLETE" or not event.get("values"):
        return None
    value = float(event["values"][0])
    return value if isfinite(value) else None


def _per_step(worse: Incumbent, better: Incumbent) -> float:
    return (better.gpu_hours - worse.gpu_hours) / (worse.mm - better.mm) * STEP_MM
