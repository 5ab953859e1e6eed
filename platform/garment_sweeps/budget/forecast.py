"""What a sweep will still cost, in figures and in words: epochs that trials are expected to train, times an epoch's.

How far trials get is estimated from those that ended, as a survival curve: of the trials that were judged after epoch
e, the share that was stopped there. Running ones count for the epochs at which they were let go on. Successive
halving's own rule stands in as one more trial at each of its rungs, so that there is an answer before anything has
ended; of other schedulers nothing is foreseen that was not seen yet, and the first forecasts are an upper bound.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from math import ceil, isfinite

from garment_sweeps.budget.ledger import Ledger
from garment_sweeps.budget.stop import BudgetStop
from garment_sweeps.experiment import AshaConfig, Budget, Experiment, PbtConfig
from garment_sweeps.study.study import names_repeat


@dataclass(frozen=True)
class Plan:
    """What is to be run."""

    trials: int
    """Of the search, in all."""
    epochs: int
    """Of a trial that is not stopped."""
    places: int
    """Trials that run at once."""
    share: float = 1.0
    """Devices that a trial counts for."""
    unit: str = "GPU-hours"
    """'device-hours' where trials have no GPU."""
    grace: int = 0
    """First rung of successive halving, in epochs; 0 without it."""
    reduction: float = 1.0
    """Of the trials that reach a rung, one in so many goes on."""
    repeats: int = 0
    """Full trainings of finalists with other seeds, after the search."""

    @classmethod
    def of(cls, experiment: Experiment, trials: int, places: int) -> "Plan":
        """That of an experiment: its search of so many trials, and its finals."""
        asha = experiment.scheduler if isinstance(experiment.scheduler, AshaConfig) else None
        return cls(
            trials=trials,
            epochs=experiment.epochs,
            places=max(1, min(places, experiment.max_concurrent or places)),
            share=experiment.devices,
            unit="GPU-hours" if experiment.resources.gpus else "device-hours",
            grace=asha.grace_epochs if asha else 0,
            reduction=asha.reduction if asha else 1.0,
            repeats=planned_repeats(experiment, trials),
        )


def planned_repeats(experiment: Experiment, trials: int) -> int:
    """Trainings that the finals add; none where values change in mid-training."""
    if isinstance(experiment.scheduler, PbtConfig):
        return 0
    return min(experiment.finals.finalists, trials) * (experiment.finals.seeds - 1)


@dataclass(frozen=True)
class Forecast:
    """From now to the end of search and finals."""

    gpu_hours: float
    wall_hours: float
    epochs: float
    """That are still to be trained."""


def survival(plan: Plan, ended: Sequence[int], running: Sequence[int] = ()) -> list[float]:
    """Expected share of trials that train epoch e + 1, for e = 0 … epochs - 1.

    `ended` are epochs at which trials ended, for whatever reason; `running` epochs done of those that run.
    """
    stopped, reached = Counter(ended), Counter((*ended, *running))
    judged, rungs = sum(reached.values()), _rungs(plan)
    share, shares = 1.0, []
    for epoch in range(plan.epochs):
        expected = 1.0 - 1.0 / plan.reduction if epoch in rungs else 0.0
        share *= 1.0 - (stopped[epoch] + expected) / (judged + 1)
        shares.append(share)
        judged -= reached[epoch]
    return shares


def forecast(
    plan: Plan, seconds_per_epoch: float, ended: Sequence[int] = (), running: Sequence[int] = (), repeated: float = 0.0
) -> Forecast:
    """What is left to do of the whole plan.

    Args:
        seconds_per_epoch: of one trial, on its devices.
        ended, running: see `survival`; of the search. Those that wait to go on count as running.
        repeated: epochs of the finals that are done.
    """
    shares = survival(plan, ended, running)
    fresh = max(0, plan.trials - len(ended) - len(running))
    ahead = [*accumulate(reversed(shares))][::-1]  # epochs from there on
    left = [ahead[done] / shares[done] for done in running if done < plan.epochs]
    search = fresh * sum(shares) + sum(left)
    longest = max([*left, sum(shares) if fresh else 0.0])
    finals = max(0.0, plan.repeats * plan.epochs - repeated)
    rounds = min(finals, ceil(finals / plan.epochs / plan.places) * plan.epochs)
    wall = max(search / plan.places, longest) + rounds
    return Forecast(
        gpu_hours=(search + finals) * seconds_per_epoch * plan.share / 3600.0,
        wall_hours=wall * seconds_per_epoch / 3600.0,
        epochs=search + finals,
    )


def _rungs(plan: Plan) -> set[int]:
    if not plan.grace or plan.reduction <= 1:
        return set()
    rungs, rung = set(), float(plan.grace)
    while rung < plan.epochs:
        rungs.add(ceil(rung))
        rung *= plan.reduction
    return rungs


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
        accounts = self.ledger.accounts
        search = [a for n, a in accounts.items() if self.plan.trials and not names_repeat(n)]
        ended = [account.epochs for account in search if account.ended]
        running = [account.epochs for account in search if not account.ended]
        repeated = sum(a.epochs for n, a in accounts.items() if names_repeat(n))
        running_now = sum(account.heard is not None for account in accounts.values())
        plan = replace(self.plan, places=max(self.plan.places, running_now))
        return forecast(plan, seconds, ended, running, repeated)

    def expect_repeats(self, repeats: int) -> None:
        """So many repeats there will be in all: the search is over."""
        self.plan = replace(self.plan, trials=0, repeats=repeats)

    def words(self, stop: BudgetStop) -> Callable[[], str]:
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
        for limit, allowed, _ in self._exceeded(total, passed_hours + ahead.wall_hours):
            return f"{words}, above the budget of {allowed:.3g}{' h' if limit == 'wall_hours' else ''}"
        return words

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
        for limit, allowed, wanted in self._exceeded(total, ahead.wall_hours)[:1]:
            unit = "hours" if limit == "wall_hours" else self.plan.unit
            short = f"the budget of {allowed:.3g} {unit} will not suffice for {wanted:.3g}"
            lines.append(f"forecast: {short}; the search then ends early, each trial at a checkpoint")
        return lines

    def _exceeded(self, gpu_hours: float, wall_hours: float) -> list[tuple[str, float, float]]:
        """Limits that are below what is wanted, with both."""
        wanted = {"gpu_hours": gpu_hours, "wall_hours": wall_hours}
        limits = {name: limit for name, limit in self.budget.plain().items() if limit is not None}
        return [(name, limits[name], wanted[name]) for name in limits if wanted[name] > limits[name]]


def duration(hours: float) -> str:
    """In the unit that fits."""
    if not isfinite(hours):
        return "unknown"
    if hours < 1 / 60:
        return f"{hours * 3600:.0f} s"
    return f"{hours * 60:.1f} min" if hours < 1 else f"{hours:.1f} h"
