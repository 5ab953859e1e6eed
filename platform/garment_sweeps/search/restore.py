"""A study made again from the log of decisions, for when its database is lost."""

from typing import Any

import optuna
from optuna.storages import BaseStorage
from optuna.trial import TrialState, create_trial

from garment_sweeps.search.catch_up import curve_of
from garment_sweeps.search.decisions import Event
from garment_sweeps.search.seen import INFEASIBLE
from garment_sweeps.search.study import EXPERIMENT_DIGEST, SESSIONS, search_digest
from garment_sweeps.spaces import Experiment
from garment_uv.errors import UserError


def experiment_of(events: list[Event]) -> Experiment:
    """The experiment that the log's sweep was begun with."""
    if not events or events[0]["kind"] != "begin":
        raise UserError("the decision log does not begin with its experiment; give the log of a whole sweep")
    return Experiment.from_plain(events[0]["experiment"])


def study_from_log(storage: BaseStorage, name: str, events: list[Event]) -> optuna.Study:
    """A new study with the trials of the log: their params, curves, ends; what was running is running."""
    experiment = experiment_of(events)
    directions = ["minimize"] * (1 + len(experiment.also_minimise))
    study = optuna.create_study(storage=storage, study_name=name, directions=directions)
    study.set_user_attr(EXPERIMENT_DIGEST, search_digest(experiment))
    study.set_user_attr(SESSIONS, sum(event["kind"] == "begin" for event in events))
    for trial in _trials(events, experiment):
        study.add_trial(trial)
    return study


def _trials(events: list[Event], experiment: Experiment) -> list[optuna.trial.FrozenTrial]:
    values, curves, ends = {}, {}, {}
    for event in events:
        if event["kind"] == "suggest":
            values[event["trial"]] = event["values"]
            curves[event["trial"]] = {}
        elif event["kind"] == "result" and event["trial"] in curves and event["value"] is not None:
            curves[event["trial"]].setdefault(event["epoch"], event["value"])
        elif event["kind"] == "end" and event["trial"] in curves:
            ends[event["trial"]] = event
    return [_frozen(experiment, values[name], curves[name], ends.get(name)) for name in values]


def _frozen(experiment: Experiment, values: dict[str, Any], curve: dict[int, float], end: Event | None):
    fixed = experiment.space.encode(values, experiment.base.flat())
    asked = optuna.trial.FixedTrial(fixed)
    experiment.space.suggest(asked, experiment.base.flat())
    state = TrialState[end["state"]] if end else TrialState.RUNNING
    told = end["values"] if end else None
    for epoch, value in curve_of(end["result"]) if end else ():
        if value is not None:
            curve.setdefault(epoch, value)
    if state == TrialState.PRUNED and curve and not experiment.also_minimise:
        told = [curve[max(curve)]]
    attrs = {"garment.reason": end["reason"]} if end and end.get("reason") else {}
    if end and end["result"].get("infeasible"):
        attrs[INFEASIBLE] = True
    return create_trial(
        state=state,
        values=told,
        params=fixed,
        distributions=asked.distributions,
        intermediate_values=curve,
        user_attrs=attrs,
    )
