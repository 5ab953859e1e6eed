"""The study brought to where the log is: the log is written first, and a driver can die in between."""

from collections.abc import Iterable, Sequence
from typing import Any

from optuna.trial import TrialState

from garment_sweeps.experiment import Experiment, result_keys
from garment_sweeps.study.decisions import DecisionLog, Event
from garment_sweeps.study.history import History, Record
from garment_sweeps.study.outcome import Outcome, earlier_of, outcome_of, usable_value

STOP = "STOP"
"""A scheduler's decision to end a trial, as Ray Tune says it."""


def catch_up(history: History, log: DecisionLog, experiment: Experiment) -> None:
    """Tells the study all that the log holds and it lacks, and both of ends that were decided and not yet told."""
    logged = LoggedTrials(history, experiment)
    logged.follow(log.read())
    for record, event in logged.stopped():
        result = {result_keys.EPOCH: event["epoch"], result_keys.OBJECTIVE: event["value"]}
        outcome = outcome_of(result, False, experiment)
        log.append("end", trial=record.name, result=result, error=False, cut_short=False, **as_told(outcome))
        end(history, record, outcome, result)


def end(history: History, record: Record, outcome: Outcome, result: dict) -> None:
    """Ends a trial in the study as the outcome says, with what it took."""
    attrs = dict(outcome.attrs)
    if outcome.infeasible:
        attrs["infeasible"] = True
    if result_keys.DEVICE_SECONDS in result:
        attrs["device_seconds"] = float(result[result_keys.DEVICE_SECONDS])
    history.end(record.number, outcome.state, outcome.values, **attrs)


def curve_of(result: dict) -> list[tuple[int, float]]:
    """Epochs and finite values that a result tells of, its own last."""
    own, value = int(result.get(result_keys.EPOCH, 0)), usable_value(result)
    return [*earlier_of(result), *([] if value is None else [(own, value)])]


def as_told(outcome: Outcome) -> dict:
    """The outcome as an event says it."""
    return {"state": outcome.state.name, "values": outcome.values, "reason": outcome.reason}


class LoggedTrials:
    """Tells a history, event by event, what the log says of its trials; what it knows already stays as it is.

    Args:
        history: one that is empty, or lags behind the log.
        experiment: of the log.
    """

    def __init__(self, history: History, experiment: Experiment) -> None:
        self._history = history
        self._experiment = experiment
        self._records = {record.name: record for record in history.records}
        self._schedules: dict[str, list[dict]] = {}
        self._stopped: dict[str, Event] = {}
        self._steps = {"suggest": self._suggest, "result": self._result, "missed": self._missed, "end": self._end}

    def follow(self, events: Iterable[Event]) -> None:
        """Takes the log's events, in order and from its beginning."""
        for event in events:
            if event["kind"] in self._steps:
                self._steps[event["kind"]](event)
            for name, entry in event.get("exploits", {}).items():
                self._exploit(name, entry)

    def stopped(self) -> list[tuple[Record, Event]]:
        """Running trials whose last result the scheduler stopped, with that event."""
        return [(self._records[name], event) for name, event in self._stopped.items()]

    def _suggest(self, event: Event) -> None:
        if event["trial"] in self._records:
            return
        space, base = self._experiment.space, self._experiment.base.flat()
        params = event["params"] if "params" in event else space.encode(event["values"], base)  # older logs lack them
        noted = (event.get("system_attrs", {}), event.get("passed_over", ()))
        self._records[event["trial"]] = begin(self._history, self._experiment, params, *noted)

    def _result(self, event: Event) -> None:
        record = self._running(event["trial"])
        if record is None:
            return
        if event["value"] is not None:
            self._report(record, [(event["epoch"], event["value"])])
        self._stopped.pop(record.name, None)
        if event["decision"] == STOP:
            self._stopped[record.name] = event

    def _missed(self, event: Event) -> None:
        record = self._running(event["trial"])
        if record is not None:
            self._report(record, event["values"])

    def _end(self, event: Event) -> None:
        record, result = self._running(event["trial"]), event["result"]
        if record is None:
            return
        self._report(record, curve_of(result))
        if event.get("cut_short"):
            self._note(record, "interrupted", True)
            return
        end(self._history, record, outcome_of(result, event["error"], self._experiment), result)
        self._stopped.pop(record.name, None)

    def _exploit(self, name: str, entry: dict) -> None:
        schedule = self._schedules[name] = [*self._schedules.get(name, []), entry]
        record = self._running(name)
        if record is not None:
            self._note(record, "schedule", schedule)

    def _running(self, name: str) -> Record | None:
        record = self._records.get(name)
        return record if record is not None and record.state == TrialState.RUNNING else None

    def _report(self, record: Record, values: Iterable[tuple[int, float]]) -> None:
        for epoch, value in values:
            self._history.report(record.number, epoch, value)

    def _note(self, record: Record, name: str, value: object) -> None:
        if record.attrs.get(f"garment.{name}") != value:
            self._history.note(record.number, **{name: value})


PASSED_OVER = "garment.passed_over"
"""Attribute: params that were suggested for a trial and not taken, since a trial before it had them already."""


def begin(
    history: History,
    experiment: Experiment,
    params: dict[str, Any],
    system_attrs: dict[str, Any],
    passed_over: Sequence[dict[str, Any]] = (),
) -> Record:
    """Adds a trial to the history as running.

    Args:
        history: of the sweep.
        experiment: whose space the params are of.
        params: as Optuna stores them.
        system_attrs: the sampler's own notes.
        passed_over: params that were suggested for the trial before and not taken.
    """
    distributions = experiment.space.distributions(params, experiment.base.flat())
    attrs = {PASSED_OVER: list(passed_over)} if passed_over else {}
    return history.start(dict(params), distributions, attrs, dict(system_attrs))
