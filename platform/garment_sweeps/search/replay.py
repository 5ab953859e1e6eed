"""Repeats the decisions of a logged sweep without training, and compares them with what was decided."""

from dataclasses import dataclass
from typing import Any

import optuna
from optuna.study import StudyDirection

from garment_sweeps.experiment import result_keys
from garment_sweeps.search.finalists import finalists_of
from garment_sweeps.search.schedulers.replayed import ReplayedDecisions
from garment_sweeps.search.searcher import Limits, StudySearcher
from garment_sweeps.study.catch_up import catch_up
from garment_sweeps.study.decisions import DecisionLog, Event
from garment_sweeps.study.head_start import HeadStart
from garment_sweeps.study.history import History
from garment_sweeps.study.journal import DirectJournal
from garment_sweeps.study.restore import experiment_of


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
    return _Replayer(events).run()


class _Replayer:
    """Goes through the events; every session of the sweep gets a searcher and a scheduler of its own, as it had."""

    def __init__(self, events: list[Event]) -> None:
        self._events = events
        self._experiment = experiment_of(events)
        directions = [StudyDirection.MINIMIZE] * (1 + len(self._experiment.also_minimise))
        self._study = optuna.create_study(directions=directions)
        self._journal = DirectJournal()
        self._log = DecisionLog("replay", self._journal)
        self._decisions = ReplayedDecisions(self._experiment)
        self._scheduler = ReplayedDecisions(self._experiment)
        self._differences: list[ReplayDifference] = []
        self._cut_short = False
        self._counts = {"suggest": 0, "result": 0, "end": 0}

    def run(self) -> Replay:
        """The whole log."""
        steps = {"begin": self._begin, "suggest": self._suggest, "resume": self._resume, "result": self._result}
        steps |= {"missed": self._missed, "end": self._end, "finalists": self._finalists}
        for event in self._events:
            for logged, repeated in self._decisions.follow(event).values():
                self._differ(event, logged, repeated)
            steps.get(event["kind"], _nothing)(event)
            if event["kind"] in self._counts:
                self._counts[event["kind"]] += 1
        counts = self._counts
        return Replay(counts["suggest"], counts["result"], counts["end"], tuple(self._differences))

    def _begin(self, event: Event) -> None:
        history = self._history = History(self._study, self._journal)
        catch_up(history, self._log, self._experiment)
        trials = int(event["trials"])
        self._searcher = StudySearcher(
            history,
            self._log,
            self._experiment,
            trials,
            HeadStart(tuple(self._events[0]["known"]), tuple(self._events[0]["planned"])),
            Limits(interrupted=lambda name: self._cut_short),
        )
        self._cut_short = False
        self._log.append("begin", **{k: v for k, v in event.items() if k not in ("seq", "at", "kind")})

    def _suggest(self, event: Event) -> None:
        self._given(event, event["values"])

    def _resume(self, event: Event) -> None:
        self._given(event, None)

    def _given(self, event: Event, values: dict[str, Any] | None) -> None:
        name = event["trial"]
        given = self._searcher.suggest(name)
        if given is None or given == StudySearcher.FINISHED or given["trial"]["id"] != name:
            self._differ(event, name, given)
            return
        if values is not None and given["values"] != values:
            self._differ(event, values, given["values"])

    def _result(self, event: Event) -> None:
        name, value = event["trial"], event["value"]
        result = {result_keys.EPOCH: event["epoch"]}
        if value is not None:
            result[result_keys.OBJECTIVE] = value
        self._searcher.on_trial_result(name, result)

    def _missed(self, event: Event) -> None:
        for epoch, value in event["values"]:
            self._searcher.on_trial_result(event["trial"], {result_keys.EPOCH: epoch, result_keys.OBJECTIVE: value})

    def _end(self, event: Event) -> None:
        name = event["trial"]
        self._cut_short = event["cut_short"]
        before = len(self._log.read())
        self._searcher.on_trial_complete(name, event["result"] or None, event["error"])
        repeated = next((e for e in self._log.read()[before:] if e["kind"] == "end"), None)
        if repeated is None:
            return  # told without Tune: a config that no model can be made of, or an end that was decided before
        for what in ("state", "values"):
            if _plain(repeated.get(what)) != _plain(event.get(what)):
                self._differ(event, event.get(what), repeated.get(what))

    def _finalists(self, event: Event) -> None:
        again = [record.name for record in finalists_of(self._history.records, event["most"])]
        if again != event["finalists"]:
            self._differ({**event, "trial": "the best trials"}, event["finalists"], again)

    def _differ(self, event: Event, logged: Any, repeated: Any) -> None:
        self._differences.append(ReplayDifference(event["seq"], event["kind"], event["trial"], logged, repeated))


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _nothing(event: Event) -> None:
    """Events that decide nothing here: budgets, repeats of finalists, champions."""
