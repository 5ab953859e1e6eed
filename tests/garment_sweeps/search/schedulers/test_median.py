"""The median rule: when it stops, and by what."""

import pytest
from ray.tune.schedulers import MedianStoppingRule, TrialScheduler

from garment_sweeps.search.schedulers import RecordedScheduler
from tests.garment_sweeps.search.schedulers.conftest import make_experiment
from tests.garment_sweeps.search.schedulers.mini_tune import ListLog, MiniTune


def with_three_others(log: ListLog) -> MiniTune:
    """Three trials at epoch 3, whose means from epoch 2 on are 10, 20 and 30 mm."""
    tune = MiniTune(RecordedScheduler(make_experiment("median"), log))
    for number, value in enumerate((10.0, 20.0, 30.0)):
        name = f"t{number:05d}"
        tune.add(name)
        tune.start(name)
        for change in (50.0, 1.0, -1.0):
            assert tune.report(name, value + change) == TrialScheduler.CONTINUE
    return tune


@pytest.mark.parametrize(("values", "decision"), [((80.0, 19.9), "CONTINUE"), ((80.0, 22.0), "STOP")])
def test_a_trial_is_stopped_after_its_grace_where_its_best_is_behind_the_median(values, decision):
    log = ListLog()
    tune = with_three_others(log)
    tune.add("t00009")
    tune.start("t00009")
    assert tune.report("t00009", values[0]) == "CONTINUE"  # grace
    assert tune.report("t00009", values[1]) == decision
    (result,) = [e for e in log.events if e["kind"] == "result" and e["trial"] == "t00009" and e["epoch"] == 2]
    assert result["inputs"] == {"others": 3, "median_mm": 21.0, "best_mm": values[1]}


def test_with_too_few_others_nothing_is_stopped_and_nothing_waits():
    tune = MiniTune(RecordedScheduler(make_experiment("median"), ListLog()))
    for name in ("t00000", "t00001", "t00002"):
        tune.add(name)
    tune.start("t00000")
    assert [tune.report("t00000", value) for value in (90.0, 90.0, 90.0)] == ["CONTINUE"] * 3


def test_rays_own_would_pause_it_for_those_that_have_no_place_yet():
    """What `Median` switches off: a decision by who happens to wait."""
    bare = MedianStoppingRule("epoch", "s2s_mm", "min", grace_period=2, min_samples_required=3)
    tune = MiniTune(bare)
    for name in ("t00000", "t00001"):
        tune.add(name)
    tune.start("t00000")
    assert [tune.report("t00000", value) for value in (90.0, 90.0)] == ["CONTINUE", "PAUSE"]
