"""Tune asks this searcher; the history answers. Nothing that matters lives anywhere but in the study and the log."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from optuna.trial import TrialState
from ray.tune.search import Searcher

from garment_sweeps.budget.stop import BudgetStop
from garment_sweeps.experiment import Experiment, result_keys
from garment_sweeps.search.suggester import Suggester, Suggestion
from garment_sweeps.study.catch_up import as_told, curve_of, end
from garment_sweeps.study.decisions import DecisionLog
from garment_sweeps.study.head_start import NOTHING_KNOWN, HeadStart
from garment_sweeps.study.history import History, Record
from garment_sweeps.study.outcome import Outcome, costs_of, earlier_of, outcome_of, usable_value
from garment_uv.errors import UserError

FAILURES_IN_A_ROW = 3
"""Trials that fail, not by their config, one after the other, before the sweep is given up."""
PATIENCE_S = 0.5
"""How long Tune's loop is held up for a suggestion to reach the database, before it is asked again later."""


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


class StudySearcher(Searcher):
    """Suggests, and tells the study and the log the truth about how trials went and ended.

    Trials that a dead driver left RUNNING are given out again first, under their own number, so that they go on
    from their last checkpoint; finished ones are never asked for again.

    Args:
        history: of the sweep.
        log: hears of every suggestion and end.
        experiment: its space, and how many epochs make a trial complete.
        trials: how many trials the sweep may have in all, earlier sessions included.
        start: trials of earlier sweeps, and what is to be tried first.
        limits: to what may be given out.
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
        super().__init__(metric=result_keys.OBJECTIVE, mode="min")
        self._history = history
        self._log = log
        self._experiment = experiment
        self._trials = trials
        self._limits = limits
        self._suggester = Suggester(experiment, history, start)
        self._orphans = deque(history.in_state(TrialState.RUNNING))
        self._live: dict[str, Record] = {}
        self._waiting: set[str] = set()
        self._prepared: Suggestion | None = None
        self._failures: list[str] = []
        self.given_up = ""
        """Why nothing more is suggested although trials and budget are left; empty as long as it is."""

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:  # type: ignore[override]
        """A config for Tune's new trial; FINISHED without trials or budget left, None for 'ask again later'."""
        if self._limits.exhausted() or self.given_up:
            return Searcher.FINISHED
        if self.full():
            return None
        try:
            suggestion = self._prepared or self._next()
            self._prepared = suggestion
            if suggestion is None:
                return Searcher.FINISHED
            if not self._history.written(PATIENCE_S):
                return None  # no trial starts that the study does not hold
        except UserError as error:
            self.given_up = str(error)
            return Searcher.FINISHED
        self._prepared = None
        record = suggestion.record
        self._live[trial_id] = record
        self._limits.begun(record.name)
        return {"trial": {"id": record.name, "number": record.number}, "values": suggestion.values}

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """Keeps an epoch's value in the study; what is not finite stays out."""
        record = self._live.get(trial_id)
        if record is not None:
            self._record(record, result)

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """Tells the study how the trial ended; one that the budget cut short stays RUNNING, to be resumed."""
        record = self._live.pop(trial_id, None)
        if record is None:
            return
        if result:
            self._record(record, result)
        cut_short = self._limits.interrupted(trial_id) or (not error and not result)
        body = {"trial": record.name, "result": _kept(result or {}), "error": error, "cut_short": cut_short}
        if cut_short:
            self._log.append("end", **body, state="RUNNING", values=None, reason="", **_spent(body["result"]))  # type: ignore[arg-type]
            self._history.note(record.number, interrupted=True)
            return
        outcome = outcome_of(result, error, self._experiment)
        self._end(record, outcome, body)
        self._count_failures(outcome)

    def paused(self, name: str, waits: bool) -> None:
        """A trial waits for others, and holds no place, or goes on."""
        (self._waiting.add if waits else self._waiting.discard)(name)

    def full(self) -> bool:
        """Whether as many trials run as may."""
        running = sum(record.name not in self._waiting for record in self._live.values())
        most = self._limits.max_concurrent
        return (bool(most) and running >= most) or self._limits.no_room()

    def save(self, checkpoint_path: str) -> None:
        """Nothing to save: the study is the state."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing to restore: the study is the state."""

    def __getstate__(self) -> dict[str, Any]:
        """What Tune pickles into its own snapshot, which is never read again: no database, no password."""
        return {"study_name": self._history.study.study_name}

    def _next(self) -> Suggestion | None:
        if self._orphans:
            record = self._orphans.popleft()
            self._log.append("resume", trial=record.name, epoch=max(record.curve, default=0))
            return Suggestion(record, self._suggester.values_of(record), {})
        while len(self._history) < self._trials:
            suggestion = self._suggester.next(self._announce)
            if suggestion is None:
                self._log.append("exhausted", inputs={"trials": len(self._history)})
                return None
            record = suggestion.record
            try:
                self._experiment.base.with_values(suggestion.values)
            except UserError as error:
                result = {result_keys.EPOCH: 0, result_keys.INFEASIBLE: True, result_keys.REASON: str(error)}
                body = {"trial": record.name, "result": result, "error": False, "cut_short": False}
                self._end(record, outcome_of(result, False, self._experiment), body)
                continue
            return suggestion
        return None

    def _announce(self, **suggestion: Any) -> None:
        self._log.append("suggest", **suggestion)

    def _end(self, record: Record, outcome: Outcome, body: dict[str, Any]) -> None:
        self._waiting.discard(record.name)
        self._log.append("end", **body, **as_told(outcome), **_spent(body["result"]))
        end(self._history, record, outcome, body["result"])
        self._suggester.ended(record)

    def _count_failures(self, outcome: Outcome) -> None:
        if not outcome.accident:
            self._failures = []
            return
        self._failures.append(outcome.reason)
        if len(self._failures) >= FAILURES_IN_A_ROW:
            self.given_up = f"{FAILURES_IN_A_ROW} trials in a row failed; the last: {self._failures[-1]}"

    def _record(self, record: Record, result: dict[str, Any]) -> None:
        new = [(epoch, value) for epoch, value in curve_of(result) if epoch not in record.curve]
        if len(new) > 1:  # the scheduler may have stopped or paused the trial before it came to the last of them
            self._log.append("missed", trial=record.name, values=new)
        for epoch, value in new:
            self._history.report(record.number, epoch, value)
            self._suggester.reported(record, epoch, value)


def _kept(result: dict[str, Any]) -> dict[str, Any]:
    """What of a result decides how its trial ended, fit for JSON."""
    names = (
        *(result_keys.EPOCH, result_keys.INFEASIBLE, result_keys.FAILED, result_keys.REASON, "done"),
        *(result_keys.ATTEMPT, result_keys.ATTEMPT_SECONDS, result_keys.DEVICE_SECONDS),
    )
    kept = {name: result[name] for name in names if name in result}
    if costs := costs_of(result):
        kept[result_keys.COSTS] = costs
    if earlier := earlier_of(result):
        kept[result_keys.EARLIER] = earlier
    value = usable_value(result)
    return kept if value is None else {**kept, result_keys.OBJECTIVE: value}


def _spent(kept: dict[str, Any]) -> dict[str, Any]:
    return {k: kept[k] for k in (result_keys.ATTEMPT, result_keys.ATTEMPT_SECONDS) if k in kept}
