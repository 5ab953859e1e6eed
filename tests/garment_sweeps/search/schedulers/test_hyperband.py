"""HyperBand: brackets that fill, empty and end, whatever becomes of their trials."""

import pytest
from ray.tune.schedulers import HyperBandScheduler

from garment_sweeps.search.schedulers import RecordedScheduler
from tests.garment_sweeps.search.schedulers.conftest import make_experiment
from tests.garment_sweeps.search.schedulers.mini_tune import EPOCHS, ListLog, MiniTune, Stuck, Sweep, curves


def ours(trials: int, sweep: Sweep, epochs: int = EPOCHS) -> tuple[MiniTune, ListLog]:
    log = ListLog()
    experiment = make_experiment("hyperband", trials).with_values({"base.training.epochs": epochs})
    tune = MiniTune(RecordedScheduler(experiment, log))
    sweep.run(tune)
    return tune, log


def bare(sweep: Sweep, epochs: int = EPOCHS) -> MiniTune:
    tune = MiniTune(HyperBandScheduler("epoch", "s2s_mm", "min", max_t=epochs, stop_last_trials=False))
    sweep.run(tune)
    return tune


def reached(tune: MiniTune) -> list[int]:
    """Epochs at which the trials ended, by number."""
    return [dict(tune.told)[name] for name in sorted(dict(tune.told))]


@pytest.mark.parametrize("places", [1, 2, 3, 20])
def test_however_few_run_at_once_the_brackets_are_the_same(places):
    tune, log = ours(17, Sweep(curves(17, 1), places=places))
    assert reached(tune)[:3] == [9, 9, 9]  # the first bracket halves nothing
    assert sorted(reached(tune)[3:8]) == [3, 3, 3, 9, 9]
    assert sorted(reached(tune)[8:]) == [1] * 6 + [3] * 2 + [9]
    for event in log.events:
        if event["kind"] == "result" and "ranked" in event["inputs"]:
            ranked = event["inputs"]["ranked"]
            assert [value for _, value in ranked] == sorted(value for _, value in ranked)
            assert len(ranked) >= event["inputs"]["keeps"]
    stopped = [event["inputs"] for event in log.events if event["kind"] == "stop"]
    assert {(inputs["bracket"], inputs["rung"]) for inputs in stopped} == {(1, 3), (2, 1), (2, 3)}


def test_rays_own_would_put_every_trial_into_the_first_bracket_where_they_come_one_after_the_other():
    assert set(reached(bare(Sweep(curves(17, 1), places=2)))) == {9}


@pytest.mark.parametrize("trials", range(1, 20))
@pytest.mark.parametrize("places", [1, 3])
def test_a_last_bracket_that_is_not_full_ends(trials, places):
    tune, _ = ours(trials, Sweep(curves(trials, 2), places=places))
    assert len(reached(tune)) == trials and max(reached(tune)) == EPOCHS


@pytest.mark.parametrize("expected", [12, 40])
def test_fewer_trials_than_were_expected_end_and_more_too(expected):
    tune, log = ours(expected, Sweep(curves(15, 2), places=3))
    assert len(reached(tune)) == 15
    assert [e["trials"] for e in log.events if e["kind"] == "expect"] == ([12] if expected == 12 else [40, 15])


def test_a_failure_inside_a_bracket_does_not_hold_up_the_others():
    names = curves(17, 1)
    good = [name for name, _ in sorted(names.items(), key=lambda item: item[1][0]) if int(name[1:]) >= 8][:3]
    failing = Sweep(names, places=3, fail_at={good[2]: 3, good[1]: 2})
    tune, _ = ours(17, failing)
    assert len(reached(tune)) == 17 and dict(tune.told)[good[0]] == 9
    with pytest.raises(Stuck):
        bare(Sweep(names, places=3, upfront=True, fail_at=failing.fail_at))


@pytest.mark.parametrize("seed", range(8))
def test_a_whole_bracket_of_failures_ends(seed):
    fail_at = {f"t{number:05d}": 1 + (seed + number) % 3 for number in range(8, 17)}
    tune, _ = ours(17, Sweep(curves(17, seed), places=1 + seed % 4, fail_at=fail_at, seed=seed))
    assert len(reached(tune)) == 17


def test_epochs_that_are_not_measured_do_not_hold_up_a_bracket():
    sparse = {
        name: [value if epoch % 4 == 0 or epoch == 9 else None for epoch, value in enumerate(curve, start=1)]
        for name, curve in curves(17, 1).items()
    }
    tune, log = ours(17, Sweep(sparse, places=3))
    assert len(reached(tune)) == 17
    assert sorted(reached(tune)[8:]) == [4] * 8 + [9]  # two halvings at once
    with pytest.raises(KeyError):
        bare(Sweep(sparse, places=3, upfront=True))


@pytest.mark.parametrize("epochs", [2, 5, 7, 10, 11])
def test_the_survivors_train_all_their_epochs_also_where_these_are_no_power_of_the_reduction(epochs):
    tune, _ = ours(20, Sweep(curves(20, 4, epochs), places=3), epochs)
    full = [name for name, epoch in tune.told if epoch == epochs]
    assert len(full) >= 4 and len(reached(tune)) == 20
