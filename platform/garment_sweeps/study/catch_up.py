"""What a log says of its trials, told to a history: of a study that lags behind, or to make one again that is lost.

The log is written first, and a driver can die before the study hears of it.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import optuna
from optuna.storages import BaseStorage
from optuna.trial import TrialState

from garment_sweeps.experiment import Experiment, result_keys
from garment_sweeps.study.decisions import DecisionLog, Event
from garment_sweeps.study.history import History, Record
from garment_sweeps.study.journal import DirectJournal
from garment_sweeps.study.outcome import Outcome, earlier_of, outcome_of, usable_value
from garment_sweeps.study.study import SESSIONS, make_study
from garment_uv.errors import UserError

PASSED_OVER = "garment.passed_over"
"""Attribute: params that were suggested for a trial and not taken, since a trial before it had them already."""
STOP = "STOP"
"""A scheduler's decision to end a trial, as Ray Tune says it."""


def catch_up(history: History, log: DecisionLog, experiment: Experiment) -> None:
    """Tells the study all that the log holds and it lacks, and both of ends that were decided and not yet told."""
    logged = _LoggedTrials(history, experiment)
    logged.follow(log.read())
    for record, event in logged.stopped():
        result = {result_keys.EPOCH: event["epoch"], result_keys.OBJECTIVE: event["value"]}
        outcome = outcome_of(result, False, experiment)
        log.append("end", trial=record.name, result=result, error=False, cut_short=False, **as_told(outcome))
        end(history, record, outcome, result)


def experiment_of(events: list[Event]) -> Experiment:
    """The experiment that the log's sweep was begun with."""
    if not events or events[0]["kind"] != "begin":
        raise UserError("the decision log does not begin with its experiment; give the log of a whole sweep")
    return Experiment.from_plain(events[0]["experiment"])


def study_from_log(storage: BaseStorage, name: str, events: list[Event]) -> optuna.Study:
    """A new study that holds what the lost one held when the log's last event was written.

    A history in memory is told what the lost study was told; its trials are then copied, each in one transaction.
    """
    experiment = experiment_of(events)
    in_memory = make_study(None, None, experiment)
    _LoggedTrials(History(in_memory, DirectJournal()), experiment).follow(events)
    study = make_study(storage, name, experiment)
    study.set_user_attr(SESSIONS, sum(event["kind"] == "begin" for event in events))
    for trial in in_memory.get_trials(deepcopy=False):
        study.add_trial(trial)
    return study


def begin(
    history: History,
    experiment: Experiment,
    params: dict[str, Any],
    system_attrs: dict[str, Any],
    passed_over: Sequence[dict[str, Any]] = (),
) -> Record:
    """Adds a trial to the history as running.

    Args:
        params: as Optuna stores them.
        system_attrs: the sampler's own notes.
        passed_over: params that were suggested for the trial before and not taken.
    """
    distributions = experiment.space.distributions(params, experiment.base.flat())
    attrs = {PASSED_OVER: list(passed_over)} if passed_over else {}
    return history.start(dict(params), distributions, attrs, dict(system_attrs))


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


class _LoggedTrials:
    """Tells a history, event by event, what the log says of its trials; what it knows already stays as it is."""

    def __init__(self, history: History, experiment: Experiment) -> None:
        self._history = history
        self._experiment = experiment
        self._records = {record.name: record for record in history.records}
        self._schedules: dict[str, list[dict]] = {}
        self._stopped: dict[str, Event] = {}

    def follow(self, events: Iterable[Event]) -> None:
        """Takes the log's events, in order and from its beginning."""
        for event in events:
            record = self._records.get(event.get("trial", ""))
            running = record if record is not None and record.state == TrialState.RUNNING else None
            if event["kind"] == "suggest" and record is None:
                self._suggest(event)
            elif event["kind"] == "result" and running:
                self._result(running, event)
            elif event["kind"] == "missed" and running:
                self._report(running, event["values"])
            elif event["kind"] == "end" and running:
                self._end(running, event)
            for name, entry in event.get("exploits", {}).items():
                self._exploit(name, entry)

    def stopped(self) -> list[tuple[Record, Event]]:
        """Running trials whose last result the scheduler stopped, with that event."""
        return [(self._records[name], event) for name, event in self._stopped.items()]

    def _suggest(self, event: Event) -> None:
        space, base = self._experiment.space, self._experiment.base.flat()
        params = event["params"] if "params" in event else space.encode(event["values"], base)  # older logs lack them
        noted = (event.get("system_attrs", {}), event.get("passed_over", ()))
        self._records[event["trial"]] = begin(self._history, self._experiment, params, *noted)

    def _result(self, record: Record, event: Event) -> None:
        if event["value"] is not None:
            self._report(record, [(event["epoch"], event["value"])])
        self._stopped.pop(record.name, None)
        if event["decision"] == STOP:
            self._stopped[record.name] = event

    def _end(self, record: Record, event: Event) -> None:
        result = event["result"]
        self._report(record, curve_of(result))
        if event.get("cut_short"):
            self._note(record, "interrupted", True)
            return
        end(self._history, record, outcome_of(result, event["error"], self._experiment), result)
        self._stopped.pop(record.name, None)

    def _exploit(self, name: str, entry: dict) -> None:
        schedule = self._schedules[name] = [*self._schedules.get(name, []), entry]
        record = self._records.get(name)
        if record is not None and record.state == TrialState.RUNNING:
            self._note(record, "schedule", schedule)

    def _report(self, record: Record, values: Iterable[tuple[int, float]]) -> None:
        for epoch, value in values:
            self._history.report(record.number, epoch, value)

    def _note(self, record: Record, name: str, value: object) -> None:
        if record.attrs.get(f"garment.{name}") != value:
            self._history.note(record.number, **{name: value})
