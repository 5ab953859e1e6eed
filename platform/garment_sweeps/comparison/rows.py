"""One row of a leaderboard: a trial with the repeats of it, or a baseline."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from garment_sweeps.comparison.significance import Estimate
from garment_sweeps.study.study import REPEAT_MARK, names_repeat
from garment_sweeps.tracking import tags
from garment_sweeps.tracking.record import HEADLINE
from garment_sweeps.tracking.runs import last_params

if TYPE_CHECKING:
    from garment_sweeps.tracking.types import Run

COST_PREFIX = "costs/"


@dataclass(frozen=True)
class Row:
    """One trial, or one baseline."""

    name: str
    outcome: str
    """'complete', 'pruned', 'infeasible', 'failed', 'running', or 'baseline'."""
    metrics: dict[str, float]
    """Of the trial's own run: its first seed."""
    params: dict[str, str]
    run_id: str = ""
    repeats: tuple["Row", ...] = ()
    """The same config trained with further seeds."""
    estimate: Estimate | None = None
    """Over all seeds that were trained to the end; None where none was."""
    over_limit: bool = False
    """It breaks a constraint of the experiment."""
    on_front: bool = False
    """No other complete trial is better in every objective."""
    objective: str = HEADLINE
    """The metric that ranks, mm."""

    @property
    def error_mm(self) -> float:
        """The objective of the first seed in mm, infinite where it was not measured."""
        return self.metrics.get(self.objective, float("inf"))

    @property
    def seeds(self) -> tuple["Row", ...]:
        """All trainings of this config that came to their end, the first one included."""
        return tuple(
            row for row in (self, *self.repeats) if row.outcome == "complete" and self.objective in row.metrics
        )

    @property
    def mean_mm(self) -> float:
        """Mean objective over the seeds, mm; that of the one seed where there is one."""
        return self.estimate.mean if self.estimate else self.error_mm

    @property
    def repeated(self) -> bool:
        """Whether more than one seed stands behind the mean."""
        return self.estimate is not None and self.estimate.seeds > 1

    def mean(self, metric: str) -> float | None:
        """Mean of a metric over the seeds; that of the trial's own run where it was not trained to the end."""
        values = [row.metrics[metric] for row in self.seeds or (self,) if metric in row.metrics]
        return sum(values) / len(values) if values else None

    def point(self, costs: Sequence[str]) -> tuple[float, ...]:
        """What is to be small: mean objective in mm, then these costs; infinite where one was not measured."""
        return (self.mean_mm, *(self.metrics.get(COST_PREFIX + name, float("inf")) for name in costs))


def fold(runs: Sequence["Run"], objective: str = HEADLINE) -> list[Row]:
    """A row for every trial, its repeats in it; a repeat whose trial is not there is left out.

    `objective` is the metric that ranks them.
    """
    rows = {row.name: row for row in (_row(run, objective) for run in runs)}
    of = {name: _of(run) for name, run in zip((_name(run) for run in runs), runs, strict=True)}
    repeats: dict[str, list[Row]] = {}
    for name in sorted(rows):
        if of[name]:
            repeats.setdefault(of[name], []).append(rows[name])
    return [replace(row, repeats=tuple(repeats.get(name, ()))) for name, row in rows.items() if not of[name]]


def _row(run: "Run", objective: str) -> Row:
    outcome = run.data.tags.get(tags.OUTCOME, "running")
    return Row(_name(run), outcome, dict(run.data.metrics), last_params(run), run.info.run_id, objective=objective)


def _name(run: "Run") -> str:
    return run.data.tags.get(tags.TRIAL, run.info.run_name)


def _of(run: "Run") -> str:
    """The trial that a run repeats, or empty."""
    name = _name(run)
    return run.data.tags.get(tags.REPEAT_OF, name.rpartition(REPEAT_MARK)[0] if names_repeat(name) else "")
