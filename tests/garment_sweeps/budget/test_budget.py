"""Budgets: what is counted, and when everything ends."""

import pytest

from garment_sweeps.budget import Budget
from garment_sweeps.budget.stop import BudgetStop
from garment_uv.errors import UserError


def result(number: int, seconds: float, **more) -> dict:
    return {"config": {"trial": {"id": f"t{number:05d}"}}, "device_seconds": seconds, **more}


def test_seconds_of_all_trials_count_by_their_share_of_a_gpu():
    stop = BudgetStop(Budget(gpu_hours=1.0), gpus=0.25)
    assert not stop("a", result(0, 3600))
    assert not stop("b", result(1, 7200))
    assert stop.gpu_hours() == pytest.approx(0.75)
    assert stop("a", result(0, 7200))
    assert stop.stopped("a") and not stop.stopped("b")
    assert stop("b", result(1, 7201))
    assert "1 GPU-hours" in stop.why()


def test_a_trial_without_gpus_counts_as_one_device():
    stop = BudgetStop(Budget(gpu_hours=0.5), gpus=0)
    assert stop("a", result(0, 1800))


def test_a_trials_seconds_count_once_over_its_reports_and_sessions():
    stop = BudgetStop(Budget(), spent={"t00000": 100.0})
    stop("a", result(0, 60))
    assert stop.gpu_hours() == pytest.approx(100 / 3600)
    stop("a", result(0, 160))
    assert stop.gpu_hours() == pytest.approx(160 / 3600)


def test_what_earlier_sessions_spent_is_spent():
    stop = BudgetStop(Budget(gpu_hours=0.01), spent={"t00000": 3600.0})
    assert stop.exhausted()
    assert stop("b", result(1, 0.0))


def test_a_trial_that_ends_by_itself_was_not_cut_short():
    stop = BudgetStop(Budget(gpu_hours=0.01))
    assert not stop("a", result(0, 3600.0, done=True))
    assert not stop.stopped("a")


def test_without_limits_nothing_stops():
    stop = BudgetStop(Budget())
    assert not stop("a", result(0, 1e9))
    assert stop.why() == "" and not stop.stop_all()


def test_wall_time():
    stop = BudgetStop(Budget(wall_hours=1e-9))
    assert stop("a", result(0, 0.0))
    assert "hours" in stop.why()


@pytest.mark.parametrize("value", [0, -1, float("nan")])
def test_a_budget_is_positive(value):
    with pytest.raises(UserError, match="gpu_hours"):
        Budget(gpu_hours=value)
