"""The scheduler that Tune holds, where budgets end, trials come back late, and logs lose their last lines."""

import json
import random

import pytest
from ray.tune.experiment import Trial

from garment_sweeps.search.schedulers import Hooks, RecordedScheduler
from garment_sweeps.search.schedulers.judge import Judge
from tests.garment_sweeps.search.schedulers.conftest import SCHEDULERS, make_experiment, values_of
from tests.garment_sweeps.search.schedulers.mini_tune import ListLog, MiniTune, Sweep, curves

TRIALS = 12


class Budget:
    """Ends whoever reports after it is spent, as a stopper of Tune's does."""

    def __init__(self) -> None:
        self.spent = False
        self.ended: set[str] = set()

    @property
    def hooks(self) -> Hooks:
        return Hooks(exhausted=lambda: self.spent, interrupted=lambda tune_id: tune_id in self.ended)

    def end(self, tune: MiniTune, sweep: Sweep) -> list[str]:
        """Lets every trial that runs do its epoch and end; names of those that were cut short."""
        self.spent = True
        for trial in tune.in_status(Trial.RUNNING, Trial.PENDING):
            trial.status, trial.epoch = Trial.RUNNING, trial.epoch + 1
            value = sweep.curves[trial.name][trial.epoch - 1]
            trial.last_result = {"epoch": trial.epoch, "s2s_mm": value}
            if trial.epoch < len(sweep.curves[trial.name]):
                self.ended.add(trial.trial_id)
            tune.stop_trial(trial)
        assert tune.choose() is None
        return [t.name for t in tune.trials.values() if t.trial_id in self.ended]


def sweep_of(trials: int = TRIALS, **more) -> Sweep:
    names = curves(trials, 1)
    return Sweep(names, values=values_of(names), **more)


def scheduler(kind: str, log: ListLog, hooks: Hooks | None = None, trials: int = TRIALS):
    return RecordedScheduler(make_experiment(kind, trials), log, hooks=hooks)


@pytest.mark.parametrize("moment", [5, 17, 33, 60])
@pytest.mark.parametrize("kind", list(SCHEDULERS))
def test_a_budget_ends_what_runs_and_what_waits_and_a_later_session_goes_on_with_all_of_it(kind, moment, context):
    sweep, log, budget = sweep_of(), ListLog(), Budget()
    tune = MiniTune(scheduler(kind, log, budget.hooks), context=context)
    happened = sweep.run(tune, most=moment)
    before = dict(tune.told)
    waiting = {trial.name for trial in tune.in_status(Trial.PAUSED)}
    cut = set(budget.end(tune, sweep))
    assert tune.get_live_trials() == []
    assert {name for name, epoch in tune.told if epoch == 0} <= waiting  # the searcher hears of no result of theirs
    assert not [e for e in log.events if e["kind"] == "leave" and e["trial"] in waiting | cut]

    log = ListLog(json.loads(json.dumps(log.events)))
    again = MiniTune(scheduler(kind, log), session=1, context=context)
    again.told = list(before.items())
    for trial in tune.trials.values():
        if trial.name in cut | waiting and trial.name not in before:
            later = again.add(trial.name, sweep.values[trial.name], trial.epoch)
            if later.status == Trial.PENDING:
                again.start(trial.name)
    added = {what[1] for what in happened if what[0] == "add"}
    sweep.run(again, [name for name in sweep.curves if name not in added])
    ended = {name for name, epoch in [*tune.told, *again.told] if epoch > 0}
    assert ended == set(sweep.curves)
    results = [(e["trial"], e["epoch"]) for e in log.events if e["kind"] == "result"]
    assert len(results) == len(set(results))
    replayed = Judge(make_experiment(kind, TRIALS))
    assert not [difference for event in log.events if (difference := replayed.differences(event))]


@pytest.mark.parametrize("lost", range(9))
@pytest.mark.parametrize("kind", list(SCHEDULERS))
def test_what_the_log_lost_with_the_driver_is_made_good_and_everyone_ends_once(kind, lost, context):
    for moment in (9, 25, 41, 55):
        sweep, log = sweep_of(), ListLog()
        tune = MiniTune(scheduler(kind, log), context=context, log=log)
        happened = sweep.run(tune, most=moment)
        log = ListLog(log.events[: max(0, len(log.events) - lost)])
        ended = {event["trial"]: event["epoch"] for event in log.events if event["kind"] == "end"}
        again = MiniTune(scheduler(kind, log), session=1, context=context, log=log)
        added = [what[1] for what in happened if what[0] == "add"]
        chance = random.Random(lost)
        for name in added:
            if name not in ended:
                epoch = max(0, min(tune.trials[name].epoch, len(sweep.curves[name]) - 1) - chance.randint(0, 1))
                trial = again.add(name, sweep.values[name], epoch)
                if trial.status == Trial.PENDING:
                    again.start(name)
        sweep.run(again, [name for name in sweep.curves if name not in added])
        told = [*ended.items(), *again.told]
        assert sorted(name for name, _ in told) == sorted(sweep.curves)
        assert all(epoch > 0 for _, epoch in told)
        results = [(e["trial"], e["epoch"]) for e in log.events if e["kind"] == "result"]
        assert len(results) == len(set(results))


def test_stopped_but_not_told_the_study_hears_of_it_in_the_next_session_without_another_epoch():
    log = ListLog()
    tune = MiniTune(scheduler("asha", log))
    for number, value in enumerate((21.0, 20.0, 90.0)):
        name = tune.add(f"t{number:05d}").name
        tune.start(name)
        tune.report(name, value)
    assert tune.told == [("t00002", 1)]
    again = MiniTune(scheduler("asha", ListLog(log.events)), session=1)
    trial = again.add("t00002", epoch=1)
    assert trial.status == Trial.PAUSED and again.choose() is None
    assert again.told == [("t00002", 1)] and trial.status == Trial.TERMINATED


@pytest.mark.parametrize(("missed", "decision", "judged"), [(90.0, "STOP", [1]), (19.0, "CONTINUE", [1, 2, 3])])
def test_epochs_that_only_the_checkpoint_knows_are_judged_first(missed, decision, judged):
    log = ListLog()
    tune = MiniTune(scheduler("asha", log))
    for number, value in enumerate((21.0, 20.0)):
        name = tune.add(f"t{number:05d}").name
        tune.start(name)
        tune.report(name, value)
    trial = tune.add("t00002", epoch=2)
    tune.start("t00002")
    result = {"epoch": 3, "s2s_mm": 18.5, "earlier": [[1, missed], [2, 18.0]]}
    assert tune.scheduler.on_trial_result(tune, trial, result) == decision
    assert [e["epoch"] for e in log.events if e["kind"] == "result" and e["trial"] == "t00002"] == judged


def test_a_trial_whose_process_dies_is_where_it_was_and_one_that_is_given_up_is_not():
    log = ListLog()
    tune = MiniTune(scheduler("hyperband", log))
    sweep = sweep_of()
    coming = list(sweep.curves)
    while not tune.in_status(Trial.PAUSED):
        sweep.run(tune, coming, most=1)
    waiting = tune.in_status(Trial.PAUSED)[0]
    running = tune.in_status(Trial.RUNNING)[0]
    before = [dict(event) for event in log.events]
    tune.crash(running.name, 0)
    tune.crash(waiting.name, 0)  # it died while it was being saved
    assert [event["kind"] for event in log.events[len(before) :]] == ["add", "add"]
    for name in (running.name, waiting.name):
        tune.start(name)
    for _ in range(waiting.epoch, tune.scheduler._judge.trials[waiting.name].epoch):
        decision = tune.report(waiting.name, sweep.curves[waiting.name][waiting.epoch])
    assert decision == "PAUSE"
    tune.give_up(running.name)
    assert log.events[-1]["kind"] in ("leave", "promote", "stop") and log.events[-1]["trial"]
    assert [(e["trial"], e["how"]) for e in log.events if e["kind"] == "leave"][-1] == (running.name, "error")


def test_repeats_of_finalists_are_on_record_and_never_judged():
    log = ListLog()
    tune = MiniTune(scheduler("asha", log))
    tune.add("t00000")
    tune.start("t00000")
    tune.report("t00000", 10.0)
    tune.add("t00000.r1")
    tune.start("t00000.r1")
    assert [tune.report("t00000.r1", 99.0) for _ in range(5)] == ["CONTINUE"] * 5
    tune.report("t00000.r1", 99.0, done=True)
    assert [event["kind"] for event in log.events if event["trial"] == "t00000.r1"] == ["result"] * 5
    RecordedScheduler(make_experiment("asha"), ListLog(log.events))


def test_while_all_places_are_taken_nothing_that_waits_is_woken(context):
    full = [True]
    tune = MiniTune(scheduler("pbt", ListLog(), Hooks(full=lambda: full[0])), context=context)
    sweep = sweep_of(upfront=True, places=TRIALS)
    sweep.run(tune, most=TRIALS * 4)
    assert tune.in_status(Trial.PAUSED)
    while tune.in_status(Trial.RUNNING):
        trial = tune.in_status(Trial.RUNNING)[0]
        tune.report(trial.name, sweep.curves[trial.name][trial.epoch])
    tune.over = False
    assert tune.choose() is None
    full[0] = False
    assert tune.choose() is not None


def test_trials_that_do_not_come_back_hold_nobody_up_and_may_come_later(context):
    sweep, log = sweep_of(), ListLog()
    tune = MiniTune(scheduler("hyperband", log), context=context)
    sweep.run(tune, most=30)
    missing = tune.in_status(Trial.RUNNING)[0].name
    log = ListLog(log.events)
    again = sweep.resume(tune, scheduler("hyperband", log), 0, without={missing})
    again.over = True
    rest = [name for name in sweep.curves if name not in tune.trials]
    sweep.run(again, rest)
    assert {name for name, _ in again.told} == set(sweep.curves) - {missing}
    assert [e["trial"] for e in log.events if e["kind"] == "leave" and e["how"] == "absent"] == [missing]
    late = MiniTune(scheduler("hyperband", ListLog(log.events)), session=2, context=context)
    trial = late.add(missing, epoch=tune.trials[missing].epoch)
    assert trial.status == Trial.PENDING
    late.start(missing)
    sweep.run(late, [])
    assert late.told[-1][0] == missing


def test_what_tune_reads_of_it():
    made = scheduler("asha", ListLog())
    assert made.metric == "s2s_mm" and not made.supports_buffered_results
    assert made.set_search_properties(None, None, config={}) and not made.set_search_properties("other", "min")
    assert made.__getstate__() == {} and made.debug_string() == ""
