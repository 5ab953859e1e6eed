"""How a sweep stands when its driver ends, as a caller is told."""

from dataclasses import dataclass

from garment_sweeps.budget.cost import Cost
from garment_sweeps.tracking.record import HEADLINE
from garment_uv.errors import UserError


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

    def metrics(self) -> dict[str, float]:
        """What the sweep's run in MLflow is told, by metric."""
        counts = {
            "trials_complete": self.complete,
            "trials_pruned": self.pruned,
            "trials_failed": self.failed,
            "trials_interrupted": self.interrupted,
            "repeats": self.repeats,
            "gpu_hours": self.gpu_hours,
        }
        best = {"best_s2s_mm": self.best_mm, "report/best_half_width_mm": self.best_half_width_mm}
        known = {name: value for name, value in best.items() if value is not None}
        return {**counts, **known, **(self.cost.metrics() if self.cost else {})}


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
