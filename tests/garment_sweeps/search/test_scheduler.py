"""ASHA after a restart decides as ASHA that was never restarted."""

from types import SimpleNamespace

import pytest
from ray.tune.schedulers import FIFOScheduler, TrialScheduler

from garment_sweeps.search.scheduler import StudyAsha, make_scheduler
from garment_sweeps.search.searcher import StudySearcher


def trial(number: int, tune_id: str):
    return SimpleNamespace(trial_id=tune_id, config={"trial": {"id": f"t{number:05d}", "number": number}})


def report(scheduler, searcher, one, epoch, value):
    result = {"epoch": epoch, "s2s_mm": value}
    decision = scheduler.on_trial_result(None, one, result)
    if decision == TrialScheduler.STOP:
        searcher.on_trial_complete(one.trial_id, result)
    else:
        searcher.on_trial_result(one.trial_id, result)
    return decision


@pytest.fixture
def history(study, experiment):
    """Four trials at epoch 1, the fourth stopped; the first two at epoch 2."""
    searcher = StudySearcher(study, experiment, 10)
    scheduler = StudyAsha(experiment, study)
    trials = [trial(n, f"tune{n}") for n in range(4)]
    for one, value in zip(trials, (30.0, 28.0, 26.0, 60.0), strict=True):
        searcher.suggest(one.trial_id)
        scheduler.on_trial_add(None, one)
        report(scheduler, searcher, one, 1, value)
    for one, value in zip(trials[1:3], (20.0, 18.0), strict=True):
        report(scheduler, searcher, one, 2, value)
    return scheduler


@pytest.mark.parametrize(("epoch", "value"), [(1, 29.0), (1, 27.0), (1, 25.0), (2, 21.0), (2, 17.0), (4, 50.0)])
def test_the_next_decision_is_the_same(history, study, experiment, epoch, value):
    restarted = StudyAsha(experiment, study)
    decisions = []
    for scheduler in (history, restarted):
        newcomer = trial(9, "other")
        scheduler.on_trial_add(None, newcomer)
        decisions.append(scheduler.on_trial_result(None, newcomer, {"epoch": epoch, "s2s_mm": value}))
    assert decisions[0] == decisions[1]


def test_a_resumed_trial_is_not_counted_twice(history, study, experiment):
    restarted = StudyAsha(experiment, study)
    resumed = trial(2, "another-tune-id")
    restarted.on_trial_add(None, resumed)
    before = [dict(recorded) for _, recorded in restarted._brackets[0]._rungs]
    assert restarted.on_trial_result(None, resumed, {"epoch": 2, "s2s_mm": 18.0}) == TrialScheduler.CONTINUE
    assert [dict(recorded) for _, recorded in restarted._brackets[0]._rungs] == before


def test_full_epochs_end_a_trial_and_missing_values_do_not(study, experiment):
    scheduler = StudyAsha(experiment, study)
    one = trial(0, "a")
    scheduler.on_trial_add(None, one)
    assert scheduler.on_trial_result(None, one, {"epoch": 1}) == TrialScheduler.CONTINUE
    assert scheduler.on_trial_result(None, one, {"epoch": 6, "s2s_mm": 9.0}) == TrialScheduler.STOP


def test_without_asha_nothing_is_stopped(study, experiment):
    plain = experiment.with_values({"scheduler": None})
    assert type(make_scheduler(plain, study)) is FIFOScheduler
