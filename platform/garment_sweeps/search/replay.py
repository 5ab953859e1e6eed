"""Repeats the decisions of a logged sweep without training, and compares them with what was decided."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from garment_sweeps.experiment import result_keys
from garment_sweeps.search.finalists import finalists_of
from garment_sweeps.search.schedulers.judge import Judge
from garment_sweeps.search.searcher import Limits, StudySearcher
from garment_sweeps.study.catch_up import catch_up, experiment_of
from garment_sweeps.study.decisions import DecisionLog, Event
from garment_sweeps.study.history import History
from garment_sweeps.study.journal import DirectJournal
from garment_sweeps.study.spec import HeadStart
from garment_sweeps.study.study import make_study


@dataclass(frozen=True)
class ReplayDifference:
    """An event whose decision came out otherwise."""

    seq: int
    kind: str
    trial: str
    logged: Any
    repeated: Any

    def __str__(self) -> str:
        return f"event {self.seq} ({self.kind} of {self.trial}): logged {self.logged}, repeated {self.repeated}"


@dataclass(frozen=True)
class Replay:
    """What came of it."""

    suggestions: int
    results: int
    ends: int
    differences: tuple[ReplayDifference, ...]


def replay(events: list[Event]) -> Replay:
    """Asks searcher and scheduler anew, in the order of the log, telling them the logged results.

    Raises:
        UserError: the log has no experiment at its beginning.
    """
    return _Replayer(events).run(events)


class _Replayer:
    """Goes through the events; every session of the sweep gets a searcher of its own, as it had."""

    def __init__(self, events: list[Event]) -> None:
        self._experiment = experiment_of(events)
        self._start = HeadStart(tuple(events[0]["known"]), tuple(events[0]["planned"]))
        self._study = make_study(None, None, self._experiment)
        self._journal = DirectJournal()
        self._log = DecisionLog("replay", self._journal)
        self._judge = Judge(self._experiment)
        self._differences: list[ReplayDifference] = []
        self._cut_short = False

    def run(self, events: list[Event]) -> Replay:
        """The whole log. Budgets, repeats of finalists and champions decide nothing here."""
        for event in events:
            for logged, repeated in self._judge.differences(event).values():
                self._compare(event, logged, repeated)
            match event["kind"]:
                case "begin":
                    self._begin(event)
                case "suggest" | "resume":
                    self._give(event)
                case "result":
                    self._report(event["trial"], event["epoch"], event["value"])
                case "missed":
                    for epoch, value in event["values"]:
                        self._report(event["trial"], epoch, value)
                case "end":
                    self._end(event)
                case "finalists":
                    again = [record.name for record in finalists_of(self._history.records, event["most"])]
                    self._compare({**event, "trial": "the best trials"}, event["finalists"], again)
        counts = Counter(event["kind"] for event in events)
        return Replay(counts["suggest"], counts["result"], counts["end"], tuple(self._differences))

    def _begin(self, event: Event) -> None:
        self._history = History(self._study, self._journal)
        catch_up(self._history, self._log, self._experiment)
        limits = Limits(interrupted=lambda name: self._cut_short)
        self._searcher = StudySearcher(
            self._history, self._log, self._experiment, int(event["trials"]), self._start, limits
        )
        self._cut_short = False
        self._log.append("begin", **{k: v for k, v in event.items() if k not in ("seq", "at", "kind")})

    def _give(self, event: Event) -> None:
        given = self._searcher.suggest(event["trial"])
        if not isinstance(given, dict) or given["trial"]["id"] != event["trial"]:
            self._compare(event, event["trial"], given)
        elif event["kind"] == "suggest":
            self._compare(event, event["values"], given["values"])

    def _report(self, name: str, epoch: int, value: float | None) -> None:
        measured = {} if value is None else {result_keys.OBJECTIVE: value}
        self._searcher.on_trial_result(name, {result_keys.EPOCH: epoch, **measured})

    def _end(self, event: Event) -> None:
        self._cut_short = event["cut_short"]
        before = len(self._log.read())
        self._searcher.on_trial_complete(event["trial"], event["result"] or None, event["error"])
        repeated = next((e for e in self._log.read()[before:] if e["kind"] == "end"), None)
        if repeated is None:
            return  # told without Tune: a config that no model can be made of, or an end that was decided before
        for what in ("state", "values"):
            self._compare(event, event.get(what), repeated.get(what))

    def _compare(self, event: Event, logged: Any, repeated: Any) -> None:
        if _plain(logged) != _plain(repeated):
            difference = ReplayDifference(event["seq"], event["kind"], event["trial"], logged, repeated)
            self._differences.append(difference)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
