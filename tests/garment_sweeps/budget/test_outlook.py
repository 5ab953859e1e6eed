"""The forecast's words."""

import pytest

from garment_sweeps.budget.forecast import Outlook, Plan, duration
from garment_sweeps.budget.ledger import Ledger
from garment_sweeps.experiment import (
    AshaConfig,
    Budget,
    Experiment,
    FinalsConfig,
    Float,
    PbtConfig,
    ResourcesConfig,
    Space,
)
from garment_uv.training.trial import TrialConfig
from tests.garment_sweeps.budget.results import result


def experiment(**changes) -> Experiment:
    values = {
        "name": "table",
        "description": "",
        "base": TrialConfig().with_values({"training.epochs": 4}),
        "space": Space(parameters=(Float(path="loss.adversarial", low=1e-4, high=1.0, log=True),)),
        "scheduler": None,
        "finals": FinalsConfig(finalists=2, seeds=3),
    }
    return Experiment(**{**values, **changes})


def test_an_experiments_plan():
    plan = Plan.of(experiment(scheduler=AshaConfig(grace_epochs=2, reduction=4.0)), trials=10, places=8)
    assert (plan.trials, plan.epochs, plan.places, plan.grace, plan.reduction) == (10, 4, 8, 2, 4.0)
    assert plan.repeats == 4 and plan.share == 1.0
    assert plan.unit == "device-hours"
    half = Plan.of(experiment(resources=ResourcesConfig(gpus=0.5)), 10, 8)
    assert half.share == 0.5 and half.unit == "GPU-hours"
    assert Plan.of(experiment(max_concurrent=3), 10, 8).places == 3
    assert Plan.of(experiment(), 1, 8).repeats == 2  # no more finalists than trials
    changing = experiment(scheduler=PbtConfig(paths=("loss.adversarial",)), sampler="random")
    assert Plan.of(changing, 10, 8).repeats == 0


def test_before_the_first_epoch_nothing_is_claimed():
    outlook = Outlook(Plan.of(experiment(), 5, 2), Budget(), Ledger())
    assert outlook.before(0.0) == ["forecast: unknown until the first epochs are measured; no earlier sweep tells"]
    assert "unknown" in outlook.left(0.0, 0.0)


def test_earlier_sweeps_tell_and_a_budget_that_will_not_do_is_said():
    words = "360 s an epoch, median of 12 trials of earlier sweeps"
    outlook = Outlook(Plan.of(experiment(), 5, 2), Budget(gpu_hours=3.0), Ledger(), 360.0, words)
    # 5 trials and 4 repeats of 4 epochs of a tenth of an hour: 3.6 h; two at once: 1.0 h of search, 0.8 h of finals
    assert outlook.before(0.0) == [
        "forecast: 3.6 device-hours in all; 1.8 h with 2 trials at once (360 s an epoch, median of 12 trials of "
        "earlier sweeps)",
        "forecast: the budget of 3 device-hours will not suffice for 3.6; the search then ends early, each trial at a "
        "checkpoint",
    ]
    assert len(Outlook(outlook.plan, Budget(gpu_hours=4.0, wall_hours=2.0), Ledger(), 360.0, words).before(0.0)) == 1
    assert "1 hours will not" in Outlook(outlook.plan, Budget(wall_hours=1.0), Ledger(), 360.0, words).before(0.0)[1]


def test_while_it_runs_its_own_epochs_count():
    ledger = Ledger()
    for name, epochs in (("t00000", 4), ("t00001", 4), ("t00000.r1", 2)):
        ledger.result(name, result(name, epochs, 360.0 * epochs))
        ledger.left(name, ended=epochs == 4)
    outlook = Outlook(Plan.of(experiment(), 2, 2), Budget(gpu_hours=5.0), ledger, 1.0, "")
    ahead = outlook.forecast()
    assert ahead.epochs == 16 - 2  # all trials are there; of four repeats of four epochs two epochs are
    assert ahead.gpu_hours == pytest.approx(1.4)
    assert outlook.left(1.0, 0.5) == "about 48.0 min left, 2.4 device-hours in all"  # two rounds
    outlook.budget = Budget(gpu_hours=2.0, wall_hours=9.0)
    assert outlook.left(1.0, 0.5).endswith("2.4 device-hours in all, above the budget of 2")
    outlook.budget = Budget(wall_hours=1.0)
    assert outlook.left(1.0, 0.5).endswith("in all, above the budget of 1 h")
    assert "this sweep's own epochs" in outlook.before(1.0)[0] and "1 of them spent" in outlook.before(1.0)[0]


def test_in_the_finals_only_repeats_are_left():
    ledger = Ledger()
    ledger.result("t00000", result("t00000", 2, 720.0))  # cut short by the budget; a later session goes on with it
    outlook = Outlook(Plan.of(experiment(), 2, 2), Budget(), ledger)
    outlook.expect_repeats(2)
    assert outlook.forecast().epochs == 8


@pytest.mark.parametrize(("hours", "words"), [(0.005, "18 s"), (0.25, "15.0 min"), (30.0, "30.0 h")])
def test_durations(hours, words):
    assert duration(hours) == words
