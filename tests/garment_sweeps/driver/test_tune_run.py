"""What Tune does with trials between their results reaches the budget."""

import pickle
from types import SimpleNamespace

from garment_sweeps.budget.stop import BudgetStop
from garment_sweeps.driver.tune_run import BudgetWatch, SweepStopper
from garment_sweeps.experiment import Budget
from tests.garment_sweeps.budget.results import Clock, result


def trial(name: str) -> SimpleNamespace:
    return SimpleNamespace(trial_id=f"tune-{name}", config={"trial": {"id": name}})


def test_starts_crashes_and_ends_are_counted():
    clock = Clock()
    stop = BudgetStop(Budget(gpu_hours=100 / 3600), clock=clock)
    watch = BudgetWatch(stop)
    watch.on_trial_start(0, [], trial("a"))
    clock.now += 10
    stop("tune-a", result("a", 1, 10.0))
    clock.now += 4
    watch.on_trial_recover(0, [], trial("a"))
    assert stop.ledger.seconds == 14.0
    clock.now += 60  # nobody has it meanwhile
    watch.on_trial_start(0, [], trial("a"))
    clock.now += 12
    stop("tune-a", result("a", 2, 12.0, attempt=2))
    assert stop.ledger.seconds == 26.0
    watch.on_trial_start(0, [], trial("b"))
    clock.now += 5
    watch.on_trial_error(0, [], trial("b"))
    assert stop.ledger.seconds == 31.0 and stop.ledger.account("b").ended
    watch.on_trial_complete(0, [], trial("a"))
    assert stop.ledger.account("a").ended and stop.ledger.unreported() == 0.0
    assert not stop.full()


def test_a_trial_that_the_budget_cut_short_has_not_ended():
    stop = BudgetStop(Budget(gpu_hours=15 / 3600))
    watch = BudgetWatch(stop)
    watch.on_trial_start(0, [], trial("a"))
    assert stop("tune-a", result("a", 1, 10.0))
    watch.on_trial_complete(0, [], trial("a"))
    assert not stop.ledger.account("a").ended


def test_a_paused_trial_sets_nothing_aside():
    stop = BudgetStop(Budget(gpu_hours=25 / 3600), spent={"before": 10.0})
    stop.ledger.known("before", epochs=1, ended=True)
    stop.begin("a")
    assert stop.full() and not stop.exhausted()
    stop.pause("a")
    assert not stop.full()
    stop.begin("a")
    assert stop.full()


def test_tunes_snapshot_takes_nothing_of_it():
    assert len(pickle.dumps(BudgetWatch(BudgetStop(Budget())))) < 200
    assert len(pickle.dumps(SweepStopper(BudgetStop(Budget()), lambda: ""))) < 200
