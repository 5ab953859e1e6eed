"""What is tried next: never twice the same, away from what proved infeasible, and the same after any restart."""

import itertools

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState

from garment_sweeps.experiment import Choice, ConstraintConfig, Float, Integer, Space
from garment_sweeps.search.sampler import SAMPLERS
from garment_sweeps.search.suggester import Suggester
from garment_sweeps.study.history import History
from garment_sweeps.study.journal import DirectJournal
from garment_sweeps.study.spec import NOTHING_KNOWN, HeadStart
from tests.garment_sweeps.studies import make_experiment

optuna.logging.set_verbosity(optuna.logging.ERROR)
RATE, MODE, DEPTH = "training.optimiser.generator_lr", "generator.local.mode", "generator.local.depth"
GRID = Space(
    parameters=(
        Choice(path=MODE, options=("per_class", "shared", "none")),
        Integer(path=DEPTH, low=1, high=2, when={MODE: ("per_class", "shared")}),
        Float(path="loss.uv", low=0.1, high=10.0, log=True, levels=3),
    )
)


def memory(objectives: int = 1) -> optuna.Study:
    return optuna.create_study(directions=["minimize"] * objectives)


def make(experiment, study=None, start=NOTHING_KNOWN) -> tuple[Suggester, History]:
    history = History(study or memory(1 + len(experiment.also_minimise)), DirectJournal())
    return Suggester(experiment, history, start), history


def end(suggester: Suggester, history: History, record, state: TrialState, values=None, **attrs) -> None:
    history.end(record.number, state, values, **attrs)
    suggester.ended(record)


def drive(experiment, trials: int, objective, restart_every: int = 0) -> list:
    """Values of trials one after the other; the suggester is made anew now and then."""
    study = memory(1 + len(experiment.also_minimise))
    suggester, history = make(experiment, study)
    told = []
    for number in range(trials):
        if restart_every and number % restart_every == 0:
            suggester, history = make(experiment, study)
        suggestion = suggester.next()
        if suggestion is None:
            break
        told.append(suggestion.values)
        value = objective(suggestion.values)
        if value is None:
            end(suggester, history, suggestion.record, TrialState.FAIL, infeasible=True)
        else:
            end(suggester, history, suggestion.record, TrialState.COMPLETE, tuple(np.atleast_1d(value).tolist()))
    return told


def distance(values) -> float:
    return abs(np.log10(values[RATE]) + 3.3) + abs(np.log10(values.get("loss.adversarial", 1e-2)) + 2)


@pytest.mark.parametrize("sampler", [name for name in SAMPLERS if name not in ("grid", "tpe_constrained")])
def test_a_restart_at_any_trial_changes_nothing(sampler):
    experiment = make_experiment(sampler=sampler, startup_trials=5, scheduler=None)
    assert drive(experiment, 16, distance, restart_every=3) == drive(experiment, 16, distance)


@pytest.mark.parametrize("sampler", ["grid", "random", "tpe", "tpe_multivariate"])
def test_a_finite_space_is_tried_whole_and_nothing_twice(sampler):
    experiment = make_experiment(space=GRID, sampler=sampler, startup_trials=4)
    values = drive(experiment, 99, lambda values: values["loss.uv"])
    levels = [0.1, 1.0, 10.0]
    whole = {("none", None, level) for level in levels}
    whole |= set(itertools.product(("per_class", "shared"), (1, 2), levels))
    found = [(v[MODE], v.get(DEPTH), round(v["loss.uv"], 9)) for v in values]
    assert len(found) == len(set(found)) == len(whole)
    assert set(found) == whole


def test_configs_that_differ_in_inactive_parameters_alone_are_one():
    """The space states no condition, and the model knows that a depth means nothing without local branches."""
    space = Space(parameters=(Choice(path=MODE, options=("none",)), Integer(path=DEPTH, low=1, high=4)))
    assert len(drive(make_experiment(space=space), 9, lambda values: 1.0)) == 1


def test_a_duplicate_is_named_among_the_inputs():
    experiment = make_experiment(space=GRID, sampler="random", seed=1)
    suggester, history = make(experiment)
    inputs = []
    while (suggestion := suggester.next()) is not None:
        inputs.append(suggestion.inputs)
        end(suggester, history, suggestion.record, TrialState.COMPLETE, (1.0,))
    repeated = [name for one in inputs for name in one["duplicates"]]
    assert repeated and set(repeated) <= {record.name for record in history.records}
    assert inputs[3]["known"] == {"complete": 3} and inputs[3]["source"] == "random"


@pytest.mark.parametrize("sampler", ["tpe", "tpe_multivariate"])
def test_tpe_keeps_away_from_what_proved_infeasible(sampler):
    experiment = make_experiment(sampler=sampler, startup_trials=10)

    def diverges_when_high(values):
        return None if values[RATE] > 1e-3 else 20.0 + values["loss.adversarial"]

    late = drive(experiment, 40, diverges_when_high)[20:]
    assert np.mean([values[RATE] > 1e-3 for values in late]) < 0.25  # half of the space


def test_tpe_keeps_constraints_on_costs():
    limit = ConstraintConfig(metric="memory_mib", at_most=100.0)

    def kept(told: bool) -> float:
        experiment = make_experiment(sampler="tpe_constrained", startup_trials=8, constraints=(limit,))
        suggester, history = make(experiment)
        within = []
        for _ in range(45):
            suggestion = suggester.next()
            excess = 200.0 * (suggestion.values[RATE] > 1e-3) - 100.0
            within.append(excess <= 0)
            value = 30.0 - 1000 * suggestion.values[RATE]  # the error alone draws it far beyond the limit
            more = {"violations": {"memory_mib": excess}} if told else {}
            end(suggester, history, suggestion.record, TrialState.COMPLETE, (value,), **more)
        return np.mean(within[25:])

    assert kept(True) > kept(False) + 0.3


def test_cma_es_comes_closer_than_random_values():
    def last(sampler: str) -> float:
        experiment = make_experiment(sampler=sampler, startup_trials=5, scheduler=None)
        return np.mean([distance(values) for values in drive(experiment, 80, distance)[-20:]])

    assert last("cmaes") < 0.6 * last("random")


def test_several_objectives_are_searched_together():
    experiment = make_experiment(sampler="tpe_multivariate", startup_trials=8, also_minimise=("parameters",))
    values = drive(experiment, 30, lambda v: (abs(np.log10(v[RATE]) + 3.3), v["loss.adversarial"]))
    assert np.mean([v["loss.adversarial"] for v in values[-10:]]) < np.mean([v["loss.adversarial"] for v in values[:8]])


KNOWN = tuple(
    {"values": {RATE: rate, "loss.adversarial": weight}, "results": [abs(np.log10(rate) + 3.3)], "from": "x"}
    for rate, weight in zip(np.geomspace(1e-4, 1e-2, 30).tolist(), np.geomspace(1e-4, 1, 30).tolist(), strict=True)
)


def test_planned_configs_come_first():
    plan = ({RATE: 2e-3, "loss.adversarial": 0.5}, {RATE: 2e-3, "loss.adversarial": 0.5})
    suggester, history = make(make_experiment(), start=HeadStart((), plan))
    first, second = suggester.next(), suggester.next()
    assert first.values == plan[0] and first.inputs["source"] == "planned"
    assert second.values != plan[1] and second.inputs["duplicates"] == ["t00000"]
    assert len(history) == 2


def test_known_trials_of_earlier_sweeps_teach():
    def far(start: HeadStart) -> float:
        suggester, history = make(make_experiment(sampler="tpe", startup_trials=25), start=start)
        rates = []
        for _ in range(20):  # fewer than the startup trials: what it knows is the earlier sweep's
            suggestion = suggester.next()
            rates.append(suggestion.values[RATE])
            value = (distance({RATE: suggestion.values[RATE]}),)
            end(suggester, history, suggestion.record, TrialState.COMPLETE, value)
        assert len(history) == 20
        return np.mean(np.abs(np.log10(rates) + 3.3))

    assert far(HeadStart(KNOWN, ())) < 0.6 * far(NOTHING_KNOWN)
