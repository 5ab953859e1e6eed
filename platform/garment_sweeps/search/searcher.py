"""Tune asks these searchers; the history answers. Nothing that matters lives anywhere but in the study and the log."""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from optuna.trial import TrialState
from ray.tune.search import Searcher

from garment_sweeps.budget.stop import BudgetStop
from garment_sweeps.experiment import Experiment, result_keys
from garment_sweeps.search.suggester import Suggester, Suggestion
from garment_sweeps.study.catch_up import as_told, curve_of, end
from garment_sweeps.study.decisions import DecisionLog
from garment_sweeps.study.history import History, Record
from garment_sweeps.study.outcome import Outcome, costs_of, earlier_of, outcome_of, usable_value
from garment_sweeps.study.repeats import Repeat
from garment_sweeps.study.spec import NOTHING_KNOWN, HeadStart
from garment_uv.errors import UserError

FAILURES_IN_A_ROW = 3
"""Trials that fail, not by their config, one after the other, before the sweep is given up."""
PATIENCE_S = 0.5
"""How long Tune's loop is held up for a suggestion to reach the database, before it is asked again later."""
TAKEN = (result_keys.ATTEMPT, result_keys.ATTEMPT_SECONDS, result_keys.DEVICE_SECONDS)
"""What of a result says how long it took."""


@dataclass(frozen=True)
class Limits:
    """How many trials may run at once, and what a budget says of them."""

    max_concurrent: int = 0
    """Most trials given out at once; 0 for no limit."""
    exhausted: Callable[[], bool] = lambda: False
    """Whether the budget is spent; then nothing more is suggested."""
    interrupted: Callable[[str], bool] = lambda tune_id: False
    """Whether Tune's trial of that id was ended by the budget and not by the scheduler."""
    no_room: Callable[[], bool] = lambda: False
    """Whether the budget has no room for a new trial just now; then one is asked for again later."""
    begun: Callable[[str], None] = lambda name: None
    """Is told the name of every trial that is given out."""

    @classmethod
    def of(cls, budget: BudgetStop, max_concurrent: int) -> "Limits":
        """Those that the budget sets."""
        return cls(max_concurrent, budget.exhausted, budget.stopped, budget.full, budget.begin)


NO_LIMITS = Limits()


Kind = TypeVar("Kind", Suggestion, Repeat)


class RecordedSearcher(ABC, Searcher, Generic[Kind]):
    """Gives trials out, and tells their study and the log the truth about how they went and ended.

    What was begun and not ended, since a driver died, is given out again first and goes on from its last checkpoint;
    what has ended is never asked for again.
    """

    what = "trials"
    """That are given out, for messages."""

    def __init__(self, history: History, log: DecisionLog, experiment: Experiment, limits: Limits) -> None:
        super().__init__(metric=result_keys.OBJECTIVE, mode="min")
        self._history = history
        self._log = log
        self._experiment = experiment
        self._limits = limits
        self._live: dict[str, Kind] = {}
        self._waiting: set[str] = set()
        self._prepared: Kind | None = None
        self._failures: list[str] = []
        self.given_up = ""
        """Why nothing more is given out although trials and budget are left; empty as long as it is."""

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:  # type: ignore[override]
        """A config for Tune's new trial; FINISHED without trials or budget left, None for 'ask again later'."""
        if self._over():
            return Searcher.FINISHED
        if self.full():
            return None
        try:
            given = self._prepared = self._prepared or self._next()
            if given is None:
                return Searcher.FINISHED
            if not self._history.written(PATIENCE_S):
                return None  # no trial starts that the study does not hold
        except UserError as error:
            self.given_up = str(error)
            return Searcher.FINISHED
        self._prepared = None
        self._live[trial_id] = given
        self._limits.begun(given.name)
        return {"trial": given.trial(), "values": given.values}

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """Keeps an epoch's value in the study; what is not finite stays out."""
        if (given := self._live.get(trial_id)) is not None:
            self._record(given, result)

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """Tells the study how the trial ended; one that the budget cut short stays RUNNING, to be resumed."""
        given = self._live.pop(trial_id, None)
        if given is None:
            return
        if result:
            self._record(given, result)
        if self._limits.interrupted(trial_id) or (not error and not result):
            self._cut_short(given, result or {}, error)
            return
        outcome = outcome_of(result, error, self._experiment)
        self._end(given, outcome, result or {}, error)
        self._failures = [*self._failures, outcome.reason] if outcome.accident else []
        if len(self._failures) >= FAILURES_IN_A_ROW:
            self.given_up = f"{FAILURES_IN_A_ROW} {self.what} in a row failed; the last: {outcome.reason}"

    def paused(self, name: str, waits: bool) -> None:
        """A trial waits for others, and holds no place, or goes on."""
        (self._waiting.add if waits else self._waiting.discard)(name)

    def full(self) -> bool:
        """Whether as many trials run as may."""
        running = sum(given.name not in self._waiting for given in self._live.values())
        most = self._limits.max_concurrent
        return (bool(most) and running >= most) or self._limits.no_room()

    def save(self, checkpoint_path: str) -> None:
        """Nothing to save: the study is the state."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing to restore: the study is the state."""

    def __getstate__(self) -> dict[str, Any]:
        """What Tune pickles into its own snapshot, which is never read again: no database, no password."""
        return {"study_name": self._history.study.study_name}

    def _over(self) -> bool:
        return self._limits.exhausted() or bool(self.given_up)

    @abstractmethod
    def _next(self) -> Kind | None:
        """What is given out next, its study told; None where there is nothing more."""

    @abstractmethod
    def _record(self, given: Kind, result: dict[str, Any]) -> None:
        """Keeps what an epoch says."""

    @abstractmethod
    def _cut_short(self, given: Kind, result: dict[str, Any], error: bool) -> None:
        """Keeps that the budget ended it, and that it is to be resumed."""

    @abstractmethod
    def _end(self, given: Kind, outcome: Outcome, result: dict[str, Any], error: bool) -> None:
        """Tells how it ended."""


class StudySearcher(RecordedSearcher[Suggestion]):
    """Suggests the trials of a search.

    Args:
        trials: how many the sweep may have in all, earlier sessions included.
        start: trials of earlier sweeps, and what is to be tried first.
    """

    def __init__(
        self,
        history: History,
        log: DecisionLog,
        experiment: Experiment,
        trials: int,
        start: HeadStart = NOTHING_KNOWN,
        limits: Limits = NO_LIMITS,
    ) -> None:
        super().__init__(history, log, experiment, limits)
        self._trials = trials
        self._suggester = Suggester(experiment, history, start)
        self._orphans = deque(history.in_state(TrialState.RUNNING))

    def _next(self) -> Suggestion | None:
        if self._orphans:
            record = self._orphans.popleft()
            self._log.append("resume", trial=record.name, epoch=max(record.curve, default=0))
            return Suggestion(record, record.suggested(self._experiment), {})
        while len(self._history) < self._trials:
            suggestion = self._suggester.next(lambda **about: self._log.append("suggest", **about))
            if suggestion is None:
                self._log.append("exhausted", inputs={"trials": len(self._history)})
                return None
            try:
                self._experiment.base.with_values(suggestion.values)
            except UserError as error:
                result = {result_keys.EPOCH: 0, result_keys.INFEASIBLE: True, result_keys.REASON: str(error)}
                self._end(suggestion, outcome_of(result, False, self._experiment), result, False)
                continue
            return suggestion
        return None

    def _record(self, given: Suggestion, result: dict[str, Any]) -> None:
        record = given.record
        new = [(epoch, value) for epoch, value in curve_of(result) if epoch not in record.curve]
        if len(new) > 1:  # the scheduler may have stopped or paused the trial before it came to the last of them
            self._log.append("missed", trial=record.name, values=new)
        for epoch, value in new:
            self._history.report(record.number, epoch, value)
            self._suggester.reported(record, epoch, value)

    def _cut_short(self, given: Suggestion, result: dict[str, Any], error: bool) -> None:
        self._log_end(given.record, result, error, True, {"state": "RUNNING", "values": None, "reason": ""})
        self._history.note(given.record.number, interrupted=True)

    def _end(self, given: Suggestion, outcome: Outcome, result: dict[str, Any], error: bool) -> None:
        self._waiting.discard(given.name)
        kept = self._log_end(given.record, result, error, False, as_told(outcome))
        end(self._history, given.record, outcome, kept)
        self._suggester.ended(given.record)

    def _log_end(self, record: Record, result: dict, error: bool, cut_short: bool, told: dict) -> dict[str, Any]:
        """Writes the event, and returns what of the result it keeps."""
        kept = _kept(result)
        spent = {name: kept[name] for name in (result_keys.ATTEMPT, result_keys.ATTEMPT_SECONDS) if name in kept}
        body = {"trial": record.name, "result": kept, "error": error, "cut_short": cut_short}
        self._log.append("end", **body, **told, **spent)
        return kept


def _kept(result: dict[str, Any]) -> dict[str, Any]:
    """What of a result decides how its trial ended, fit for JSON."""
    names = (result_keys.EPOCH, result_keys.INFEASIBLE, result_keys.FAILED, result_keys.REASON, "done", *TAKEN)
    kept = {name: result[name] for name in names if name in result}
    if costs := costs_of(result):
        kept[result_keys.COSTS] = costs
    if earlier := earlier_of(result):
        kept[result_keys.EARLIER] = earlier
    value = usable_value(result)
    return kept if value is None else {**kept, result_keys.OBJECTIVE: value}
