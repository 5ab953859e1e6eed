"""A sweep on a simulated clock: a searcher and a scheduler are asked and told as Tune does it, over known curves.

Nothing is trained and nothing waits, so that ways to search can be compared over many seeds in seconds.
"""

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ray.tune.experiment import Trial
from ray.tune.schedulers import TrialScheduler
from ray.tune.search import Searcher

from garment_sweeps.experiment import result_keys

TRAINING_ITERATION = "training_iteration"
"""Tune's own name for how often a trial reported."""


@dataclass(frozen=True)
class Curve:
    """What a config's training gives when it is not stopped."""

    values: tuple[float, ...]
    """Objective in mm after each epoch; ends early where the config proved infeasible."""
    seconds: tuple[float, ...]
    """Of each epoch, the one included in which the config proved infeasible."""
    reason: str = ""
    """Why it is infeasible; empty where it is not."""


@dataclass(frozen=True)
class Step:
    """The end of one epoch of one trial."""

    time_s: float
    """On the simulated clock."""
    spent_s: float
    """Seconds that all workers together have been busy."""
    trial: str
    """Tune's id of the trial, as 's00003'."""
    epoch: int
    value: float | None
    """mm; None in the epoch in which the config proved infeasible."""
    incumbent: float | None
    """Lowest value, mm, of all trials that have trained all their epochs so far."""


@dataclass(eq=False)
class SimulatedTrial:
    """As much of Tune's trial as schedulers look at."""

    trial_id: str
    config: dict[str, Any]
    curve: Curve
    status: str = Trial.PENDING
    last_result: dict[str, Any] = field(default_factory=dict)
    epoch: int = 0
    is_saving: bool = False

    def is_finished(self) -> bool:
        """Whether it will not run again."""
        return self.status in (Trial.TERMINATED, Trial.ERROR)

    def set_status(self, status: str) -> None:
        """Takes one of the statuses of Tune's `Trial`."""
        self.status = status


class Simulation:
    """Takes the place of Tune's controller, for the searcher and the scheduler given.

    Where the order matters it is Tune's: one suggestion is asked for ahead of a free worker; the scheduler hears of a
    result before the searcher does, and the searcher hears of no result after which its trial is stopped, but gets it
    with the trial's end. Starting, pausing and resuming a trial take no time.

    Args:
        searcher: is asked for configs.
        scheduler: decides after each epoch. Population based training needs real checkpoints and does not run here.
        curve_of: the curve that a suggested config has.
        epochs: of a trial that is not stopped.
        workers: trials that run at once.
        budget_s: ends the sweep once all workers together have been busy so long.
        shared: what Tune's `param_space` would add to every trial's config.
        infeasible_raises: an infeasible trial ends with an exception, as one that nobody prepared for does, instead
            of a last result that says so.
    """

    def __init__(
        self,
        searcher: Searcher,
        scheduler: TrialScheduler,
        curve_of: Callable[[dict[str, Any]], Curve],
        epochs: int,
        workers: int,
        budget_s: float = math.inf,
        shared: dict[str, Any] | None = None,
        infeasible_raises: bool = False,
    ) -> None:
        self._searcher = searcher
        self._scheduler = scheduler
        self._curve_of = curve_of
        self._epochs = epochs
        self._workers = workers
        self._budget_s = budget_s
        self._shared = shared or {}
        self._infeasible_raises = infeasible_raises
        self._trials: list[SimulatedTrial] = []
        self._running: list[tuple[float, int, SimulatedTrial]] = []
        self._finished_asking = False
        self._time_s = self._spent_s = 0.0
        self._starts = 0
        self._incumbent: float | None = None
        self.steps: list[Step] = []
        """The trace, in the order of time."""

    def run(self) -> list[Step]:
        """Runs until there is nothing left to do or the budget is spent, and returns the trace."""
        while True:
            self._fill()
            if not self._running:
                return self.steps
            time_s, _, trial = heapq.heappop(self._running)
            spent_s = self._spent_s + (time_s - self._time_s) * (len(self._running) + 1)
            if spent_s > self._budget_s:
                return self.steps
            self._time_s, self._spent_s = time_s, spent_s
            self._end_epoch(trial)

    @property
    def search_alg(self) -> "Simulation":
        """Knows whether the search is over. This and what follows is what schedulers ask of Tune's controller."""
        return self

    def is_finished(self) -> bool:
        """Whether nothing more is suggested."""
        return self._finished_asking

    def get_trials(self) -> list[SimulatedTrial]:
        """All trials."""
        return self._trials

    def get_live_trials(self) -> list[SimulatedTrial]:
        """Trials that may run on."""
        return [trial for trial in self._trials if not trial.is_finished()]

    def stop_trial(self, trial: SimulatedTrial) -> None:
        """Ends a trial, whatever its status."""
        if trial.is_finished():
            return
        before, trial.status = trial.status, Trial.TERMINATED
        if before == Trial.RUNNING:
            self._scheduler.on_trial_complete(self, trial, trial.last_result)
            self._searcher.on_trial_complete(trial.trial_id, result=trial.last_result)
        else:
            self._scheduler.on_trial_remove(self, trial)
            self._searcher.on_trial_complete(trial.trial_id)

    def _set_trial_status(self, trial: SimulatedTrial, status: str) -> None:
        trial.set_status(status)

    def _fill(self) -> None:
        """Asks ahead for one trial and gives free workers something to do, until neither changes anything."""
        while True:
            asked = self._ask()
            free = len(self._running) < self._workers
            chosen = self._choose() if free else None
            if chosen is not None:
                self._start(chosen)
            elif not asked:
                return

    def _ask(self) -> bool:
        if self._finished_asking or any(trial.status == Trial.PENDING for trial in self._trials[-1:]):
            return False
        name = f"s{len(self._trials):05d}"
        config = self._searcher.suggest(name)
        self._finished_asking = config == Searcher.FINISHED
        if config is None or self._finished_asking:
            return False
        trial = SimulatedTrial(name, {**self._shared, **config}, self._curve_of(config))
        self._trials.append(trial)
        self._scheduler.on_trial_add(self, trial)
        return True

    def _choose(self) -> SimulatedTrial | None:
        chosen = self._scheduler.choose_trial_to_run(self)
        pending = (trial for trial in self._trials[-1:] if trial.status == Trial.PENDING)
        return chosen or next(pending, None)

    def _start(self, trial: SimulatedTrial) -> None:
        trial.status = Trial.RUNNING
        self._starts += 1  # of epochs that end together, the one that began first is told first
        ends_s = self._time_s + trial.curve.seconds[trial.epoch]
        heapq.heappush(self._running, (ends_s, self._starts, trial))

    def _end_epoch(self, trial: SimulatedTrial) -> None:
        infeasible = trial.epoch >= len(trial.curve.values)
        value = None if infeasible else trial.curve.values[trial.epoch]
        trial.epoch += not infeasible
        if trial.epoch == self._epochs:
            self._incumbent = value if self._incumbent is None else min(value, self._incumbent)
        number = trial.epoch + infeasible
        self.steps.append(Step(self._time_s, self._spent_s, trial.trial_id, number, value, self._incumbent))
        if infeasible and self._infeasible_raises:
            trial.status = Trial.ERROR
            self._scheduler.on_trial_error(self, trial)
            self._searcher.on_trial_complete(trial.trial_id, error=True)
            return
        trial.last_result = self._result(trial, value)
        self._decide(trial)

    def _result(self, trial: SimulatedTrial, value: float | None) -> dict[str, Any]:
        result = {result_keys.EPOCH: trial.epoch, TRAINING_ITERATION: trial.epoch}
        result[result_keys.DEVICE_SECONDS] = sum(trial.curve.seconds[: max(trial.epoch, 1)])
        if value is None:
            return {**result, result_keys.INFEASIBLE: True, result_keys.REASON: trial.curve.reason, "done": True}
        return {**result, result_keys.OBJECTIVE: value, "done": trial.epoch == self._epochs}

    def _decide(self, trial: SimulatedTrial) -> None:
        decision = TrialScheduler.STOP
        if not trial.last_result["done"]:
            decision = self._scheduler.on_trial_result(self, trial, trial.last_result)
        if decision == TrialScheduler.STOP:
            self.stop_trial(trial)
            return
        self._searcher.on_trial_result(trial.trial_id, trial.last_result)
        if decision == TrialScheduler.PAUSE:
            trial.status = Trial.PAUSED
        elif decision == TrialScheduler.CONTINUE:
            self._start(trial)
