"""Running trials that count by what they have reported."""

import optuna
import pytest
from optuna.distributions import FloatDistribution
from optuna.trial import TrialState, create_trial

from garment_sweeps.search.seen import RunningAsPruned

SPACE = {"x": FloatDistribution(0.0, 1.0)}


@pytest.fixture
def study() -> optuna.Study:
    return optuna.create_study(storage=RunningAsPruned())


def states(study: optuna.Study) -> list[TrialState]:
    return [trial.state for trial in study.get_trials()]


def test_a_running_trial_stands_where_it_has_come(study):
    trial = study.ask(SPACE)
    assert states(study) == [TrialState.RUNNING]
    trial.report(12.0, 1)
    trial.report(11.0, 2)
    assert states(study) == [TrialState.PRUNED]
    assert study.get_trials()[0].intermediate_values == {1: 12.0, 2: 11.0}


def test_lists_of_states_go_by_where_trials_stand(study):
    study.ask(SPACE)
    study.ask(SPACE).report(12.0, 1)
    assert [t.number for t in study.get_trials(states=(TrialState.RUNNING,))] == [0]
    assert [t.number for t in study.get_trials(states=(TrialState.PRUNED,))] == [1]


def test_it_runs_on_all_the_same_and_ends_as_it_ends(study):
    trial = study.ask(SPACE)
    trial.report(12.0, 1)
    states(study)
    trial.report(10.0, 2)
    study.tell(trial, 9.0)
    assert states(study) == [TrialState.COMPLETE]
    assert study.best_value == 9.0


def test_the_sampler_looks_where_what_still_runs_is_best(study):
    """Good trials run and poor ones were stopped: a sampler that takes what runs for poor looks among the poor."""

    def suggested(storage) -> float:
        study = optuna.create_study(storage=storage)
        for x in range(16):
            poor = create_trial(
                state=TrialState.PRUNED, params={"x": 0.9}, distributions=SPACE, intermediate_values={1: 30.0 + x}
            )
            study.add_trial(poor)
        for _ in range(4):
            study.enqueue_trial({"x": 0.1})
            study.ask(SPACE).report(10.0, 2)
        study.sampler = optuna.samplers.TPESampler(seed=1, constant_liar=True)
        return sum(study.ask(SPACE).params["x"] for _ in range(8)) / 8

    assert suggested(RunningAsPruned()) < 0.4
    assert suggested(optuna.storages.InMemoryStorage()) > 0.6
