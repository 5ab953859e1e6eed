"""The hard stop: no epoch begins for which nothing is left."""

import pytest

from garment_sweeps.budget.stop import BudgetStop
from garment_sweeps.experiment import Budget
from tests.garment_sweeps.budget.results import Clock, result


def stop_of(seconds: float | None = None, wall: float | None = None, **more) -> BudgetStop:
    """With limits in seconds on one device."""
    hours = {"gpu_hours": seconds and seconds / 3600, "wall_hours": wall and wall / 3600}
    return BudgetStop(Budget(**hours), **more)


def test_what_was_counted_and_never_logged_is_logged_as_lost():
    events = []
    stop = stop_of(100, spent={"a": 5.0}, record=lambda kind, **body: events.append({"kind": kind, **body}))
    for name, seconds in (("a", 7.0), ("b", 3.0)):
        stop(name, result(name, 1, seconds))
    logged = {"a": 5.0, "b": 3.0}  # of this session's epochs only the one of b was judged before all was ended
    stop.settle(logged)
    counted = {name: account.seconds for name, account in stop.ledger.accounts.items()}
    (lost,) = events
    assert (lost["kind"], lost["what"], lost["trial"]) == ("budget", "lost", "a")
    assert logged["a"] + lost["seconds"] == pytest.approx(counted["a"]) and counted["b"] == 3.0
    stop.settle(counted)
    assert len(events) == 1


def test_a_trial_begins_no_epoch_that_would_overrun():
    stop = stop_of(100)
    assert not stop("a", result("a", 1, 40))
    assert not stop("a", result("a", 2, 70))
    assert not stop("a", result("a", 3, 100 - 31))  # an epoch of 30 s still fits
    assert stop("a", result("a", 4, 80))  # and now no more
    assert stop.stopped("a") and "GPU-hours" in stop.why()


def test_epochs_in_flight_of_all_running_trials_are_set_aside():
    stop = stop_of(100)
    assert not stop("a", result("a", 1, 30))
    assert stop("b", result("b", 1, 30))  # 60 spent, a's 30 in flight: b's next 30 do not fit
    assert stop.gpu_hours() * 3600 <= 100


def test_however_trials_report_the_limit_is_never_exceeded():
    """Four trials of unequal, steady epochs, in the order in which they finish them."""
    stop, lengths = stop_of(200, spent={"before": 7.0}), {"a": 3.0, "b": 5.0, "c": 7.0, "d": 2.0}
    stop.ledger.known("before", epochs=1, ended=True)  # how long a start can take
    for name in lengths:
        stop.begin(name)
    ends = dict(lengths)
    epochs = dict.fromkeys(lengths, 0)
    while ends:
        name = min(ends, key=ends.get)
        epochs[name] += 1
        if stop(name, result(name, epochs[name], epochs[name] * lengths[name])):
            del ends[name]
        else:
            ends[name] += lengths[name]
    assert 200 - max(lengths.values()) < stop.ledger.seconds <= 200
    assert all(stop.stopped(name) for name in lengths)


def test_seconds_count_by_the_trials_share_of_a_gpu_and_as_one_device_without():
    quarter = BudgetStop(Budget(gpu_hours=1.0), gpus=0.25)
    assert not quarter("a", result("a", 1, 3600))
    assert quarter.gpu_hours() == pytest.approx(0.25)
    assert BudgetStop(Budget(gpu_hours=0.5), gpus=0)("a", result("a", 1, 1800))


def test_no_trial_begins_where_not_even_one_epoch_fits():
    stop = stop_of(100, spent={"t0": 70.0})
    stop.ledger.known("t0", epochs=2, ended=True)  # 35 s an epoch
    assert stop.full() and stop.exhausted()
    roomy = stop_of(200, spent={"t0": 70.0})
    roomy.ledger.known("t0", epochs=2, ended=True)
    assert not roomy.full()
    for name in ("a", "b", "c"):
        assert not roomy.full()
        roomy.begin(name)
    assert roomy.full() and not roomy.exhausted()  # three starts are set aside; one may yet end early
    roomy.release("a")
    assert not roomy.full()


def test_what_earlier_sessions_spent_is_spent():
    stop = stop_of(3600, spent={"t0": 3600.0})
    assert stop.exhausted()
    assert stop("b", result("b", 1, 0.0))


def test_a_trial_that_ends_by_itself_was_not_cut_short():
    stop = stop_of(36)
    assert not stop("a", result("a", 1, 3600, done=True))
    assert not stop.stopped("a")


def test_without_limits_nothing_stops():
    stop = stop_of()
    assert not stop("a", result("a", 1, 1e9))
    assert stop.why() == "" and not stop.stop_all() and not stop.full() and not stop.exhausted()


def test_wall_time_is_looked_ahead_too():
    clock = Clock()
    stop = stop_of(wall=100, clock=clock)
    clock.now += 40
    assert not stop("a", result("a", 1, 40))
    clock.now += 30
    assert stop("a", result("a", 2, 71))  # 70 s passed, an epoch takes 31
    assert "hours" in stop.why() and "GPU" not in stop.why()


def test_an_epoch_much_longer_than_any_before_ends_everything():
    clock = Clock()
    stop = stop_of(1000, clock=clock)
    stop.ledger.started("a")
    clock.now += 100
    assert not stop("a", result("a", 1, 100))
    clock.now += 950
    assert not stop.stop_all()  # 1050 s: within the slack of one start
    clock.now += 51
    assert stop.stop_all() and stop.stopped("whoever")


def test_before_anything_is_measured_nothing_is_ended():
    clock = Clock()
    stop = stop_of(1, wall=1, clock=clock)
    stop.ledger.started("a")
    clock.now += 500
    assert not stop.stop_all()


def test_a_fifth_can_be_kept_for_the_finals_once_a_trial_is_complete():
    stop = stop_of(100)
    stop.keep_for_finals(epochs=10, share=0.2, complete=False)
    for epoch in range(1, 7):
        assert not stop("a", result("a", epoch, 10 * epoch))
    stop.release("a")
    assert not stop("b", result("b", 8, 5, done=True))
    # 65 s for 14 epochs: ten more would take 46 s, but a fifth of 100 is the most that is kept
    assert stop("c", result("c", 1, 10))
    assert "kept for the finals" in stop.why()
    stop.begin_finals()
    assert not stop("c.r1", result("c.r1", 1, 3))


def test_stops_and_losses_reach_the_decision_log():
    events = []
    clock = Clock()
    stop = stop_of(100, clock=clock, record=lambda kind, **body: events.append({"kind": kind, **body}))
    stop.ledger.started("a")
    clock.now += 12
    stop.lost("a")
    assert stop("a", result("a", 1, 60, attempt=2))
    assert [event["what"] for event in events] == ["lost", "stop"]
    assert events[0]["seconds"] == 12.0
    assert events[1]["trial"] == "a" and events[1]["limit"] == "gpu_hours" and events[1]["needed_seconds"] == 60.0
    assert events[1]["spent_hours"] == pytest.approx(72 / 3600)
