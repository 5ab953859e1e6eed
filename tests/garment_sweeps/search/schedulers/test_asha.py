"""ASHA: what it decides by, and that no rung counts a trial twice."""

import pytest
from ray.tune.schedulers import TrialScheduler

from garment_sweeps.search.schedulers import RecordedScheduler
from garment_sweeps.search.schedulers.judge import Judge
from tests.garment_sweeps.search.schedulers.conftest import make_experiment
from tests.garment_sweeps.search.schedulers.mini_tune import ListLog, MiniTune


@pytest.fixture
def log() -> ListLog:
    """Four trials at epoch 1, the fourth stopped; then two of them at epoch 3."""
    log = ListLog()
    tune = MiniTune(RecordedScheduler(make_experiment("asha"), log))
    for name, value in (("t00000", 30.0), ("t00001", 28.0), ("t00002", 26.0), ("t00003", 60.0)):
        tune.add(name)
        tune.start(name)
        tune.report(name, value)
    for value in (25.0, 20.0):
        tune.report("t00001", value)
        tune.report("t00002", value - 2)
    return log


def rungs(judge):
    return [dict(recorded) for _, recorded in judge._rule._brackets[0]._rungs]


def test_a_stop_says_its_rung_and_how_many_it_was_compared_with(log):
    (stop,) = [event for event in log.events if event["kind"] == "stop"]
    assert (stop["trial"], stop["epoch"], stop["value"]) == ("t00003", 1, 60.0)
    assert stop["inputs"]["rung"] == 1 and stop["inputs"]["on_rung"] == 3
    assert 26.0 < stop["inputs"]["at_most_mm"] < 28.0  # the best third passes
    promoted = [(event["trial"], event["inputs"]["rung"]) for event in log.events if event["kind"] == "promote"]
    assert promoted == [("t00000", 1), ("t00001", 1), ("t00002", 1), ("t00001", 3), ("t00002", 3)]
    between = [event for event in log.events if event["kind"] == "result" and event["epoch"] == 2]
    assert [event["inputs"] for event in between] == [{}, {}]


def test_a_trial_that_goes_on_is_not_counted_twice(log):
    before = Judge(make_experiment("asha"))
    for event in log.events:
        before.feed(event)
    scheduler = RecordedScheduler(make_experiment("asha"), log)
    tune = MiniTune(scheduler, session=1)
    tune.add("t00002", epoch=1)
    tune.start("t00002")
    assert [tune.report("t00002", value) for value in (23.0, 18.0)] == [TrialScheduler.CONTINUE] * 2
    assert rungs(scheduler._judge) == rungs(before)
    assert [event["kind"] for event in log.events[-2:]] == ["promote", "add"]  # nothing is on record twice


@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
def test_an_epoch_without_a_usable_value_is_no_reason_to_stop_and_stands_on_no_rung(log, value):
    scheduler = RecordedScheduler(make_experiment("asha"), log)
    tune = MiniTune(scheduler, session=1)
    tune.add("t00009")
    tune.start("t00009")
    before = rungs(scheduler._judge)
    assert tune.report("t00009", value) == TrialScheduler.CONTINUE
    assert rungs(scheduler._judge) == before
    assert log.events[-1]["value"] is None
    assert tune.report("t00009", 99.0) == TrialScheduler.STOP  # the rung it skipped is made up for


def test_full_epochs_are_no_stop_but_an_end():
    log = ListLog()
    tune = MiniTune(RecordedScheduler(make_experiment("asha"), log))
    tune.add("t00000", epoch=8)
    tune.start("t00000")
    tune.report("t00000", 9.0, done=True)
    assert [(event["kind"], event.get("how")) for event in log.events] == [("add", None), ("leave", "done")]
