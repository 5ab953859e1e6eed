"""The study brought to where the log is: the log is written first, and a driver can die in between."""

from optuna.trial import TrialState

from garment_sweeps.search.decisions import DecisionLog, Event
from garment_sweeps.search.history import History, Record
from garment_sweeps.search.outcome import Outcome, outcome_of
from garment_sweeps.spaces import Experiment
from garment_sweeps.trials import results

STOP = "STOP"
"""A scheduler's decision to end a trial, as Ray Tune says it."""


def catch_up(history: History, log: DecisionLog, experiment: Experiment) -> None:
    """Tells the study what the log holds of trials that are running there: their values, and ends that were decided."""
    running = {record.name: record for record in history.in_state(TrialState.RUNNING)}
    stopped: dict[str, Event] = {}
    for event in log.read():
        record = running.get(event.get("trial"))
        if record is None:
            continue
        if event["kind"] == "result":
            _report(history, record, event["epoch"], event["value"])
            stopped.pop(record.name, None)
            if event["decision"] == STOP:
                stopped[record.name] = event
        elif event["kind"] == "end" and not event["cut_short"]:
            result = event["result"]
            for epoch, value in curve_of(result):
                _report(history, record, epoch, value)
            end(history, record, outcome_of(result, event["error"], experiment), result)
            stopped.pop(record.name, None)
            del running[record.name]
    for name, event in stopped.items():
        _end_stopped(history, log, experiment, running[name], event)


def end(history: History, record: Record, outcome: Outcome, result: dict) -> None:
    """Ends a trial in the study as the outcome says, with what it took."""
    attrs = dict(outcome.attrs)
    if outcome.infeasible:
        attrs["infeasible"] = True
    if results.DEVICE_SECONDS in result:
        attrs["device_seconds"] = float(result[results.DEVICE_SECONDS])
    history.end(record.number, outcome.state, outcome.values, **attrs)


def curve_of(result: dict) -> list[tuple[int, float | None]]:
    """Epochs and values that a last result tells of."""
    last = (result.get(results.EPOCH, 0), result.get(results.OBJECTIVE))
    return [*((epoch, value) for epoch, value in result.get(results.EARLIER, ())), last]


def told(outcome: Outcome) -> dict:
    """The outcome as an event says it."""
    return {"state": outcome.state.name, "values": outcome.values, "reason": outcome.reason}


def _end_stopped(history: History, log: DecisionLog, experiment: Experiment, record: Record, event: Event) -> None:
    result = {results.EPOCH: event["epoch"], results.OBJECTIVE: event["value"]}
    outcome = outcome_of(result, False, experiment)
    log.append("end", trial=record.name, result=result, error=False, cut_short=False, **told(outcome))
    end(history, record, outcome, result)


def _report(history: History, record: Record, epoch: int, value: float | None) -> None:
    if value is not None:
        history.report(record.number, epoch, value)
