"""Repeats of finalists for Tune: given out one after the other, and told to their study and the log as they went."""

from collections import deque
from typing import Any

from ray.tune.search import Searcher

from garment_sweeps.budget.stop import BudgetStop
from garment_sweeps.experiment import result_keys
from garment_sweeps.search.searcher import FAILURES_IN_A_ROW, PATIENCE_S
from garment_sweeps.study.catch_up import as_told, curve_of
from garment_sweeps.study.outcome import earlier_of, outcome_of, usable_value
from garment_sweeps.study.repeats import Repeat, Repeats
from garment_sweeps.study.state import SweepState
from garment_uv.errors import UserError


class RepeatSearcher(Searcher):
    """Gives out a fixed list of repeats and tells their study and the log the truth about them.

    Those that an earlier session left running come first and go on from their last checkpoint; ended ones are not in
    the list. A repeat's name, values and seed follow from its finalist, so nothing here needs to be remembered.

    Args:
        repeats: to be run, in this order.
        known: how all of them stand.
        state: of the sweep; its log hears of every start, epoch and end.
        max_concurrent: most repeats given out at once; 0 for no limit.
        budget: of the sweep, which repeats share.
    """

    def __init__(
        self,
        repeats: list[Repeat],
        known: Repeats,
        state: SweepState,
        max_concurrent: int,
        budget: BudgetStop,
    ) -> None:
        super().__init__(metric=result_keys.OBJECTIVE, mode="min")
        self._left = deque(sorted(repeats, key=lambda repeat: known.record(repeat.name) is None))
        self._known = known
        self._state = state
        self._experiment = state.spec.experiment
        self._max_concurrent = max_concurrent
        self._budget = budget
        self._live: dict[str, Repeat] = {}
        self._failures = 0
        self.given_up = ""
        """Why nothing more is given out although repeats and budget are left; empty as long as it is."""

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:  # type: ignore[override]
        """The next repeat; FINISHED without any or without budget, None for 'ask again later'."""
        if self.given_up or not self._left or self._budget.exhausted():
            return Searcher.FINISHED
        if self._budget.full() or (self._max_concurrent and len(self._live) >= self._max_concurrent):
            return None
        repeat = self._left[0]
        try:
            if self._known.record(repeat.name) is None:
                self._log(repeat, "begin", values=repeat.values)
                self._known.start(repeat)
            if not self._state.history.written(PATIENCE_S):
                return None  # no repeat starts that its study does not hold
        except UserError as error:
            self.given_up = str(error)
            return Searcher.FINISHED
        self._left.popleft()
        self._live[trial_id] = repeat
        self._budget.begin(repeat.name)
        return {"trial": repeat.trial(), "values": repeat.values}

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """Keeps an epoch's value."""
        repeat = self._live.get(trial_id)
        if repeat is not None:
            self._record(repeat, result)

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """Tells how the repeat ended; one that the budget cut short stays RUNNING, to be resumed."""
        repeat = self._live.pop(trial_id, None)
        if repeat is None:
            return
        if result:
            self._record(repeat, result)
        if self._budget.stopped(trial_id) or (not error and not result):
            self._log(repeat, "cut_short")
            self._known.note(repeat.name, interrupted=True)
            return
        outcome = outcome_of(result, error, self._experiment)
        self._log(repeat, "end", **as_told(outcome), attrs=outcome.attrs)
        self._known.end(repeat.name, outcome.state, outcome.values, **outcome.attrs)
        self._failures = self._failures + 1 if outcome.accident else 0
        if self._failures >= FAILURES_IN_A_ROW:
            self.given_up = f"{FAILURES_IN_A_ROW} repeats of finalists in a row failed; the last: {outcome.reason}"

    def save(self, checkpoint_path: str) -> None:
        """Nothing to save: the study is the state."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing to restore: the study is the state."""

    def __getstate__(self) -> dict[str, Any]:
        """What Tune pickles into its own snapshot, which is never read again."""
        return {}

    def _record(self, repeat: Repeat, result: dict[str, Any]) -> None:
        names = (result_keys.ATTEMPT, result_keys.ATTEMPT_SECONDS, result_keys.DEVICE_SECONDS)
        kept = {name: result[name] for name in names if name in result}
        if earlier := earlier_of(result):
            kept[result_keys.EARLIER] = earlier
        epoch = int(result.get(result_keys.EPOCH, 0))
        self._log(repeat, "result", epoch=epoch, value=usable_value(result), **kept)
        for epoch, mm in curve_of(result):
            self._known.report(repeat.name, epoch, mm)

    def _log(self, repeat: Repeat, what: str, **body: Any) -> None:
        whose = {"trial": repeat.name, "of": repeat.of, "repeat": repeat.index, "seed": repeat.seed}
        self._state.log.append("repeat", **whose, what=what, **body)
