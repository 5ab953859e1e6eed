"""Trials that a scheduler stopped, paused or changed, in a study that is made again from the log."""

import json

import optuna
import pytest

from garment_sweeps.search.schedulers import Hooks, RecordedScheduler
from garment_sweeps.search.suggester import Suggester
from garment_sweeps.study.catch_up import study_from_log
from garment_sweeps.study.history import History
from garment_sweeps.study.journal import DirectJournal
from garment_sweeps.study.spec import HeadStart
from tests.garment_sweeps.search.schedulers.conftest import SCHEDULERS, make_experiment
from tests.garment_sweeps.search.schedulers.mini_tune import ListLog, MiniTune, Sweep, curves
from tests.garment_sweeps.study.held import held

TRIALS = 8


@pytest.mark.parametrize("kind", list(SCHEDULERS))
def test_curves_and_schedules_are_restored(kind, context):
    """Population based training changes values while trials train, and the study keeps their schedules."""
    experiment, names = make_experiment(kind, TRIALS), curves(TRIALS, 1)
    lost, log = optuna.create_study(), ListLog()
    history = History(lost, DirectJournal())
    log.append("begin", session=0, experiment=experiment.plain(), trials=TRIALS, known=[], planned=[])
    suggester = Suggester(experiment, history, HeadStart((), ()))
    values = {}
    for name in names:
        suggestion = suggester.next(lambda **told: log.append("suggest", **told))
        assert suggestion.record.name == name
        values[name] = suggestion.values
    numbers = {record.name: record.number for record in history.records}
    keep = Hooks(on_exploit=lambda name, schedule: history.note(numbers[name], schedule=schedule))
    tune = MiniTune(RecordedScheduler(experiment, log, TRIALS, keep), context=context)
    Sweep(names, values=values, seed=1).run(tune)
    for event in log.events:
        if event["kind"] == "result":
            history.report(numbers[event["trial"]], event["epoch"], event["value"])
    found = study_from_log(optuna.storages.InMemoryStorage(), "one", json.loads(json.dumps(log.events)))
    assert held(found) == held(lost)
    assert all(trial.intermediate_values for trial in found.trials)
    changed = [trial for trial in found.trials if trial.user_attrs.get("garment.schedule")]
    assert bool(changed) == (kind == "pbt")
