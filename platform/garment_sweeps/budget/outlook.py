"""The forecast in words: before a sweep, and while it runs."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import isfinite
from typing import TYPE_CHECKING

from garment_sweeps.budget.forecast import Forecast, Plan, forecast
from garment_sweeps.budget.ledger import Ledger
from garment_sweeps.experiment import Experiment
from garment_sweeps.experiment.budget import Budget
from garment_sweeps.study.study import names_repeat

if TYPE_CHECKING:
    from garment_sweeps.budget.stop import BudgetStop


def plan_of(experiment: Experiment, trials: int, places: int) -> Plan:
    """The plan of an experiment: its search of so many trials, and its finals."""
    asha = experiment.scheduler if getattr(experiment.scheduler, "kind", "") == "asha" else None
    return Plan(
        trials=trials,
        epochs=experiment.epochs,
        places=max(1, min(places, experiment.max_concurrent or places)),
        share=experiment.devices,
        unit="GPU-hours" if experiment.resources.gpus else "device-hours",
        grace=asha.grace_epochs if asha else 0,  # type: ignore[union-attr]
        reduction=asha.reduction if asha else 1.0,  # type: ignore[union-attr]
        repeats=planned_repeats(experiment, trials),
    )


def planned_repeats(experiment: Experiment, trials: int) -> int:
    """Trainings that the finals add."""
    if experiment.scheduler is not None and experiment.scheduler.kind == "pbt":
        return 0
    return min(experiment.finals.finalists, trials) * (experiment.finals.seeds - 1)


@dataclass
class Outlook:
    """What is expected, from the ledger as it stands."""

    plan: Plan
    budget: Budget
    ledger: Ledger
    earlier_seconds: float | None = None
    """Seconds an epoch in earlier sweeps; until this one has measured its own."""
    earlier_words: str = ""
    """Where they come from."""

    def forecast(self) -> Forecast | None:
        """To the end of search and finals; None until an epoch was measured."""
        seconds = self.ledger.epoch_seconds() or self.earlier_seconds
        if seconds is None:
            return None
        search = [a for n, a in self.ledger.accounts.items() if self.plan.trials and not names_repeat(n)]
        ended = [account.epochs for account in search if account.ended]
        running = [account.epochs for account in search if not account.ended]
        repeated = sum(a.epochs for n, a in self.ledger.accounts.items() if names_repeat(n))
        running_now = sum(account.heard is not None for account in self.ledger.accounts.values())
        plan = replace(self.plan, places=max(self.plan.places, running_now))
        return forecast(plan, seconds, ended, running, repeated)

    def words(self, stop: "BudgetStop") -> Callable[[], str]:
        """What a progress line asks: `left` as the stop's budget stands at that moment."""
        return lambda: self.left(stop.gpu_hours(), stop.wall_hours())

    def left(self, spent_gpu_hours: float, passed_hours: float) -> str:
        """In a few words, for a progress line."""
        ahead = self.forecast()
        if ahead is None:
            return "time left unknown until the first epoch is measured"
        if not ahead.epochs:
            return ""
        total = spent_gpu_hours + ahead.gpu_hours
        words = f"about {duration(ahead.wall_hours)} left, {total:.3g} {self.plan.unit} in all"
        limits = ((self.budget.gpu_hours, total, ""), (self.budget.wall_hours, passed_hours + ahead.wall_hours, " h"))
        for allowed, wanted, unit in limits:
            if allowed is not None and wanted > allowed:
                return f"{words}, above the budget of {allowed:.3g}{unit}"
        return words

    def expect_repeats(self, repeats: int) -> None:
        """So many repeats there will be in all: the search is over."""
        self.plan = replace(self.plan, trials=0, repeats=repeats)

    def before(self, spent_gpu_hours: float) -> list[str]:
        """Lines to print before anything starts."""
        ahead = self.forecast()
        if ahead is None:
            return ["forecast: unknown until the first epochs are measured; no earlier sweep tells"]
        if not ahead.epochs:
            return []
        source = "this sweep's own epochs" if self.ledger.epoch_seconds() else self.earlier_words
        total = spent_gpu_hours + ahead.gpu_hours
        spent = f", {spent_gpu_hours:.3g} of them spent" if spent_gpu_hours else ""
        lines = [
            f"forecast: {total:.3g} {self.plan.unit} in all{spent}; {duration(ahead.wall_hours)} "
            f"with {self.plan.places} trials at once ({source})"
        ]
        short = self._shortage(total, ahead.wall_hours)
        if short:
            lines.append(f"forecast: {short}; the search then ends early, each trial at a checkpoint")
        return lines

    def _shortage(self, gpu_hours: float, wall_hours: float) -> str:
        budget = self.budget
        for allowed, wanted, unit in (
            (budget.gpu_hours, gpu_hours, self.plan.unit),
            (budget.wall_hours, wall_hours, "hours"),
        ):
            if allowed is not None and wanted > allowed:
                return f"the budget of {allowed:.3g} {unit} will not suffice for {wanted:.3g}"
        return ""


def duration(hours: float) -> str:
    """In the unit that fits."""
    if not isfinite(hours):
        return "unknown"
    if hours < 1 / 60:
        return f"{hours * 3600:.0f} s"
    if hours < 1:
        return f"{hours * 60:.1f} min"
    return f"{hours:.1f} h"
