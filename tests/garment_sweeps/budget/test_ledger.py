"""What is counted: set-up, restarts, losses, and what earlier sessions spent."""

import pytest

from garment_sweeps.budget.ledger import Ledger, spent_seconds
from tests.garment_sweeps.budget.results import Clock, result


def test_set_up_counts_and_a_trials_seconds_count_once():
    ledger = Ledger()
    for epoch, seconds in ((1, 30.0), (2, 40.0), (3, 52.0)):
        ledger.result("a", result("a", epoch, seconds))
    assert ledger.seconds == 52.0
    assert ledger.next_epoch("a") == 12.0  # the longest after the first, whose 30 s hold the set-up
    assert ledger.worst_start() == 30.0
    assert ledger.next_epoch("another") == 30.0
    assert ledger.epoch_seconds() == pytest.approx(52 / 3)


def test_a_crash_costs_what_its_attempt_had_reached_and_what_it_had_not_reported():
    clock = Clock()
    ledger = Ledger(clock=clock)
    ledger.started("a")
    clock.now += 20
    ledger.result("a", result("a", 1, 20.0))
    clock.now += 7
    assert ledger.unreported() == 7.0
    assert ledger.crashed("a") == 7.0
    assert ledger.unreported() == 0.0
    ledger.result("a", result("a", 2, 25.0, attempt=2))
    assert ledger.seconds == 20 + 7 + 25
    assert ledger.account("a").epochs == 2


def test_earlier_sessions_are_spent_and_say_how_long_an_epoch_is():
    ledger = Ledger({"a": 100.0, "b": 30.0})
    ledger.known("a", epochs=4, ended=True)
    assert ledger.seconds == 130.0
    assert ledger.worst_start() == 25.0
    ledger.result("b", result("b", 2, 10.0, attempt=10_001))
    assert ledger.seconds == 140.0 and ledger.worst_start() == 10.0


def test_earlier_sweeps_are_a_guess_until_a_trial_has_started():
    ledger = Ledger()
    ledger.expect(8.0)
    assert ledger.worst_start() == 8.0 and ledger.epoch_seconds() is None
    ledger.result("a", result("a", 1, 5.0))
    assert ledger.worst_start() == 5.0
    known = Ledger({"t0": 30.0})
    known.known("t0", epochs=3, ended=True)
    known.expect(8.0)
    assert known.worst_start() == 10.0


def test_without_seconds_of_attempts_those_of_training_stand_in():
    ledger = Ledger({"a": 100.0})
    ledger.result("a", {"epoch": 1, "device_seconds": 60.0})
    assert ledger.seconds == 100.0
    ledger.result("a", {"epoch": 2, "device_seconds": 160.0})
    assert ledger.seconds == 160.0


def test_the_log_tells_what_was_spent():
    events = [
        {"kind": "begin"},
        {"kind": "result", "trial": "t0", "epoch": 1, "attempt": 1, "attempt_seconds": 10.0},
        {"kind": "result", "trial": "t0", "epoch": 2, "attempt": 1, "attempt_seconds": 18.0},
        {"kind": "budget", "what": "lost", "trial": "t0", "seconds": 4.0},
        {"kind": "end", "trial": "t0", "result": {"attempt": 2, "attempt_seconds": 9.0}},
        {"kind": "repeat", "trial": "t0.r1", "attempt": 1, "attempt_seconds": 30.0},
        {"kind": "end", "trial": "t1", "result": {"device_seconds": 5.0}},
        {"kind": "end", "trial": "t2", "result": {}},
    ]
    assert spent_seconds(events) == {"t0": 31.0, "t0.r1": 30.0, "t1": 5.0}
