"""How a sweep stands when its driver ends, as a caller and MLflow are told."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from optuna.trial import TrialState

from garment_sweeps.budget.cost import Cost, cost_of
from garment_sweeps.comparison.significance import alike, estimates
from garment_sweeps.driver.open_sweep import OpenSweep
from garment_sweeps.driver.sweep_tracking import known_baselines
from garment_sweeps.search.finalists import finalists_of
from garment_sweeps.study.repeats import Repeats
from garment_sweeps.study.state import SweepState
from garment_sweeps.study.study import REASON
from garment_sweeps.tracking.record import HEADLINE
from garment_uv.errors import UserError

NUMBER = re.compile(r"\b(nan|inf|[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?)\b")
"""What differs between reasons of one kind."""


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
    """Mean over its seeds."""
    best_trial: str
    gpu_hours: float
    """Spent by search and finals; of one device a trial where trials have no GPU."""
    stopped_because: str = ""
    best_half_width_mm: float | None = None
    """Half of the 95 % interval of the best trial's mean; None where it has one seed."""
    best_seeds: int = 1
    alike: tuple[str, ...] = ()
    """Finalists that cannot be told apart from the best."""
    repeats: int = 0
    """Finalists' trainings with other seeds that have ended."""
    repeats_left: int = 0
    """Those that are still to be made."""
    cost: Cost | None = None
    metric: str = HEADLINE
    """What the sweep makes small."""
    reasons: tuple[tuple[int, str], ...] = ()
    """Of trials that failed or were infeasible: how many had each kind of reason, and the reason of the first."""

    @property
    def ended(self) -> int:
        """Trials that are done with."""
        return self.complete + self.pruned + self.failed

    def require_completed(self) -> None:
        """UserError, with the reasons, where the sweep is over and has no trial that was completed."""
        if self.complete or self.interrupted:
            return
        reasons = [f"{count} failed ({reason})" for count, reason in self.reasons]
        reasons += [f"{self.pruned} were stopped early"] if self.pruned else []
        why = "; ".join(reasons) or self.stopped_because or "none was begun"
        raise UserError(f"no trial of {self.name} was completed: {why}")

    @property
    def status(self) -> str:
        """Of the sweep's run: 'complete', or 'failed' where no trial was completed nor can be."""
        return "complete" if self.complete or self.interrupted else "failed"

    def summary(self) -> dict[str, Any]:
        """What the sweep's run in MLflow is told: numbers as metrics, words as tags."""
        numbers = {
            "trials_complete": self.complete,
            "trials_pruned": self.pruned,
            "trials_failed": self.failed,
            "trials_interrupted": self.interrupted,
            "repeats": self.repeats,
            "gpu_hours": self.gpu_hours,
            "best_s2s_mm": self.best_mm,
            "report/best_half_width_mm": self.best_half_width_mm,
            **(self.cost.metrics() if self.cost else {}),
        }
        words = {"best_trial": self.best_trial, "stopped_because": self.stopped_because}
        known = {name: value for name, value in numbers.items() if value is not None}
        return {**known, **{name: value for name, value in words.items() if value}}


def sweep_report(sweep: OpenSweep) -> SweepReport:
    """How the sweep stands."""
    state, experiment = sweep.state, sweep.experiment
    baselines = (known_baselines(sweep.context) if sweep.tracking else None) or {}
    class_mean_mm = baselines.get("class_mean_displacement", {}).get(experiment.metric)
    count = {which: len(state.history.in_state(which)) for which in TrialState}
    return SweepReport(
        name=state.study.study_name,
        complete=count[TrialState.COMPLETE],
        pruned=count[TrialState.PRUNED],
        failed=count[TrialState.FAIL],
        interrupted=count[TrialState.RUNNING],
        gpu_hours=sweep.budget.gpu_hours(),
        stopped_because=sweep.budget.why(),
        repeats=sum(entry.state != TrialState.RUNNING for entry in sweep.repeats.known()),
        repeats_left=len(sweep.repeats_left),
        cost=cost_of(state.log.read(), experiment.held.gpus, class_mean_mm, experiment.processes),
        metric=experiment.metric,
        reasons=kinds_of(record.attrs.get(REASON, "") for record in state.history.in_state(TrialState.FAIL)),
        **_best_of(state, sweep.repeats),
    )


def kinds_of(reasons: Iterable[str]) -> tuple[tuple[int, str], ...]:
    """How many reasons are of each kind, with the first of them; the most frequent kind comes first.

    Reasons that differ in numbers alone, as of epochs and rates, are of one kind.
    """
    kinds: dict[str, list[str]] = {}
    for reason in reasons:
        kinds.setdefault(NUMBER.sub("#", reason), []).append(reason)
    counted = [(len(of_kind), of_kind[0] or "for no known reason") for of_kind in kinds.values()]
    return tuple(sorted(counted, key=lambda kind: -kind[0]))


def _best_of(state: SweepState, repeats: Repeats) -> dict[str, Any]:
    """The best trial as the leaderboard has it: finalists by their mean before trials of one seed."""
    finals = finalists_of(state.history.records, len(state.history))
    values = {record.name: [*(record.values or ())[:1], *repeats.values(record.name)] for record in finals}
    estimated = estimates(values)
    if not estimated:
        return {"best_mm": None, "best_trial": ""}
    name = min(estimated, key=lambda name: (estimated[name].seeds == 1, estimated[name].mean, name))
    best = estimated[name]
    return {
        "best_mm": best.mean,
        "best_trial": name,
        "best_half_width_mm": best.half_width,
        "best_seeds": best.seeds,
        "alike": tuple(other for other in estimated if other != name and alike(best, estimated[other])),
    }


def report_lines(report: SweepReport) -> list[str]:
    """The report in words, for a terminal."""
    unit = report.cost.unit if report.cost else "device-hours"
    lines = [
        f"{report.ended} trials ended ({report.complete} complete, {report.pruned} stopped early, "
        f"{report.failed} failed or infeasible), {report.repeats} repeats of finalists, "
        f"{report.gpu_hours:{'.2f' if report.gpu_hours >= 1 else '.3g'}} {unit}"
    ]
    if report.interrupted or report.repeats_left:
        why = f": {report.stopped_because}" if report.stopped_because else ""
        cut = [f"{report.interrupted} trials were cut short"] if report.interrupted else []
        cut += [f"{report.repeats_left} repeats of finalists are left"] if report.repeats_left else []
        more = " with a larger --budget-gpu-hours" if "GPU-hours" in report.stopped_because else ""
        lines.append(f"{' and '.join(cut)}{why}; --resume{more} goes on with them")
    elif report.stopped_because:
        lines.append(f"ended early: {report.stopped_because}")
    if report.cost:
        lines += report.cost.lines()
    if report.best_mm is not None:
        lines.append(f"best: {_best(report)}; next: garment promote {report.name}")
    return lines


def _best(report: SweepReport) -> str:
    of = "" if report.metric == HEADLINE else f" of {report.metric}"
    text = f"{report.best_trial} with {report.best_mm:.2f} mm"
    if report.best_half_width_mm is None:
        return text + of
    text += f" ± {report.best_half_width_mm:.2f}{of} over {report.best_seeds} seeds"
    return text + (f", not to be told apart from {', '.join(report.alike)}" if report.alike else "")
