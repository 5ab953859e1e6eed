"""Repeats of finalists for Tune: given out one after the other, and told to their study and the log as they went."""

from collections import deque
from typing import Any

from garment_sweeps.experiment import result_keys
from garment_sweeps.search.searcher import TAKEN, Limits, RecordedSearcher
from garment_sweeps.study.catch_up import as_told, curve_of
from garment_sweeps.study.outcome import Outcome, earlier_of, usable_value
from garment_sweeps.study.repeats import Repeat, Repeats
from garment_sweeps.study.state import SweepState


class RepeatSearcher(RecordedSearcher[Repeat]):
    """Gives out a fixed list of repeats.

    A repeat's name, values and seed follow from its finalist, so nothing here needs to be remembered.

    Args:
        repeats: to be run, in this order, but those first that an earlier session left running.
        known: how all of them stand.
        state: of the sweep; its log hears of every start, epoch and end.
        limits: of the sweep, whose budget repeats share.
    """

    what = "repeats of finalists"

    def __init__(self, repeats: list[Repeat], known: Repeats, state: SweepState, limits: Limits) -> None:
        super().__init__(known.open(), state.log, state.spec.experiment, limits)
        self._left = deque(sorted(repeats, key=lambda repeat: known.record(repeat.name) is None))
        self._known = known

    def _over(self) -> bool:
        return bool(self.given_up) or not (self._left or self._prepared) or self._limits.exhausted()

    def _next(self) -> Repeat:
        repeat = self._left.popleft()
        if self._known.record(repeat.name) is None:
            self._tell(repeat, "begin", values=repeat.values)
            self._known.begun(repeat)
        return repeat

    def _record(self, given: Repeat, result: dict[str, Any]) -> None:
        kept = {name: result[name] for name in TAKEN if name in result}
        if earlier := earlier_of(result):
            kept[result_keys.EARLIER] = earlier
        epoch = int(result.get(result_keys.EPOCH, 0))
        self._tell(given, "result", epoch=epoch, value=usable_value(result), **kept)
        for epoch, mm in curve_of(result):
            self._history.report(self._known.begun(given).number, epoch, mm)

    def _cut_short(self, given: Repeat, result: dict[str, Any], error: bool) -> None:
        self._tell(given, "cut_short")
        self._history.note(self._known.begun(given).number, interrupted=True)

    def _end(self, given: Repeat, outcome: Outcome, result: dict[str, Any], error: bool) -> None:
        self._tell(given, "end", **as_told(outcome), attrs=outcome.attrs)
        self._history.end(self._known.begun(given).number, outcome.state, outcome.values, **outcome.attrs)

    def _tell(self, repeat: Repeat, what: str, **body: Any) -> None:
        whose = {"trial": repeat.name, "of": repeat.of, "repeat": repeat.index, "seed": repeat.seed}
        self._log.append("repeat", **whose, what=what, **body)
