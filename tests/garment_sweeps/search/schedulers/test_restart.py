"""A scheduler that was killed, at whatever moment, decides as one that was not."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ray.tune.experiment import Trial

from garment_sweeps.search.schedulers import RecordedScheduler
from garment_sweeps.search.schedulers.judge import Judge
from tests.garment_sweeps.search.schedulers.conftest import SCHEDULERS, make_experiment, values_of
from tests.garment_sweeps.search.schedulers.mini_tune import ListLog, MiniTune, Sweep, curves

TRIALS = 12
FAILURES = {"t00002": 3, "t00005": 1, "t00007": 5}


def whole(kind: str, context: dict, seed: int = 1):
    """An undisturbed sweep in which some trials fail: what happened in it, and all that it decided."""
    names = curves(TRIALS, seed)
    sweep = Sweep(names, fail_at=FAILURES, values=values_of(names), seed=seed)
    log = ListLog()
    tune = MiniTune(RecordedScheduler(make_experiment(kind, TRIALS), log), context=context)
    happened = sweep.run(tune)
    assert {name for name, _ in tune.told} == set(names)
    return sweep, happened, tune, log


def outcome(tune: MiniTune):
    """Every decision in order, and how far each trial is known to have come in the end."""
    schedules = {trial.name: trial.config["trial"].get("schedule") for trial in tune.trials.values()}
    return tune.decisions, sorted(set(tune.told)), schedules


def in_json(log: ListLog) -> ListLog:
    """The log as it comes back from the database."""
    return ListLog(json.loads(json.dumps(log.events, allow_nan=False)))


@pytest.mark.parametrize("back", [0, 1, 2])
@pytest.mark.parametrize("kind", list(SCHEDULERS))
def test_killed_at_every_moment_it_decides_on_as_if_nothing_had_happened(kind, back, context):
    sweep, happened, undisturbed, _ = whole(kind, context)
    decisions, ends, schedules = outcome(undisturbed)
    every = (1 if back == 1 else 5) * (3 if kind == "pbt" else 1)
    for moment in range(0, len(happened), every):
        log = ListLog()
        tune = MiniTune(RecordedScheduler(make_experiment(kind, TRIALS), log), context=context)
        for number, what in enumerate(happened):
            if number == moment:
                log = in_json(log)
                tune = sweep.resume(tune, RecordedScheduler(make_experiment(kind, TRIALS), log), back)
            sweep.play(tune, what)
        while tune.choose():
            pass
        new = first_times(tune.decisions)
        assert new == decisions, f"killed before {happened[moment]}"
        assert {name for name, _ in tune.told} == {name for name, _ in ends}
        assert [e for e in log.events if e["kind"] == "result"] == _once(log)
        changed = outcome(tune)[2]
        assert all(schedules[name] == schedule for name, schedule in changed.items())


def first_times(decisions):
    """Without the answers to epochs that a trial repeats since its last checkpoint."""
    seen = {}
    for name, epoch, decision in decisions:
        seen.setdefault((name, epoch), decision)
    return [(name, epoch, decision) for (name, epoch), decision in seen.items()]


def _once(log):
    """Results in the log, every one of which is of another epoch or another trial."""
    return list({(e["trial"], e["epoch"]): e for e in log.events if e["kind"] == "result"}.values())


@settings(max_examples=25)
@given(data=st.data(), kind=st.sampled_from(list(SCHEDULERS)))
def test_killed_again_and_again_it_decides_the_same(data, kind, tmp_path_factory):
    context = _context(tmp_path_factory)
    sweep, happened, undisturbed, _ = whole(kind, context, seed=data.draw(st.integers(0, 3)))
    kills = data.draw(st.sets(st.integers(0, len(happened) - 1), min_size=2, max_size=8))
    log = ListLog()
    tune = MiniTune(RecordedScheduler(make_experiment(kind, TRIALS), log), context=context)
    for number, what in enumerate(happened):
        if number in kills:
            log = in_json(log)
            tune = sweep.resume(
                tune, RecordedScheduler(make_experiment(kind, TRIALS), log), data.draw(st.integers(0, 3))
            )
        sweep.play(tune, what)
    assert first_times(tune.decisions) == undisturbed.decisions


@pytest.mark.parametrize("kind", list(SCHEDULERS))
def test_a_replay_of_the_log_repeats_every_decision_and_notices_another(kind, context):
    sweep, happened, tune, log = whole(kind, context)
    middle = len(happened) // 2
    log = ListLog()
    tune = MiniTune(RecordedScheduler(make_experiment(kind, TRIALS), log), context=context)
    for number, what in enumerate(happened):
        if number == middle:
            tune = sweep.resume(tune, RecordedScheduler(make_experiment(kind, TRIALS), log), 1)
        sweep.play(tune, what)
    events = in_json(log).events
    again = Judge(make_experiment(kind, TRIALS))
    assert [difference for event in events if (difference := again.differences(event))] == []
    results = [event for event in events if event["kind"] == "result" and event["decision"] != "CONTINUE"]
    if not results:
        return
    results[-1]["decision"] = "CONTINUE"
    again = Judge(make_experiment(kind, TRIALS))
    found = [difference for event in events if (difference := again.differences(event))]
    assert [list(difference) for difference in found] == [["decision"]]


@pytest.mark.parametrize("kind", ["hyperband", "pbt"])
def test_trials_that_wait_wait_on_in_the_next_session_until_they_are_woken(kind, context):
    sweep, happened, _, _ = whole(kind, context)
    log = ListLog()
    tune = MiniTune(RecordedScheduler(make_experiment(kind, TRIALS), log), context=context)
    for what in happened:
        sweep.play(tune, what)
        waiting = {trial.name for trial in tune.in_status(Trial.PAUSED)}
        if len(waiting) >= 2:
            break
    again = sweep.resume(tune, RecordedScheduler(make_experiment(kind, TRIALS), in_json(log)), 0)
    assert {trial.name for trial in again.in_status(Trial.PAUSED)} == waiting


def _context(tmp_path_factory) -> dict:
    from garment_sweeps.settings.environment import StorageConfig
    from garment_sweeps.trials.context import TrialContext
    from garment_uv.training.trial import TrialConfig

    return TrialContext(
        sweep="s",
        session=0,
        base=TrialConfig(),
        metric="s2s/all",
        checkpoint_every=1,
        storage=StorageConfig(uri=str(tmp_path_factory.mktemp("store"))),
        home="/",
        cpus=1,
    ).plain()
