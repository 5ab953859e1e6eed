"""The searcher: the study hears the truth, and a dead driver loses and doubles nothing."""

import math
import random

import optuna
import pytest
from optuna.trial import TrialState
from ray.tune.search import Searcher

from garment_sweeps.study.study import open_storage
from garment_uv.training.trial import TrialConfig
from tests.garment_sweeps.studies import make_searcher
from tests.started import started
from tests.tabulated import curve_mm

EPOCHS = 6


def frozen(study, number=0):
    return study.get_trials()[number]


def test_a_stopped_trial_is_pruned_with_its_last_value(study, experiment):
    searcher = make_searcher(study, experiment, trials=3)
    searcher.suggest("a")
    searcher.on_trial_result("a", {"epoch": 1, "s2s_mm": 50.0})
    searcher.on_trial_complete("a", {"epoch": 2, "s2s_mm": 40.0, "device_seconds": 3.0})
    trial = frozen(study)
    assert (trial.state, trial.value) == (TrialState.PRUNED, 40.0)
    assert trial.intermediate_values == {1: 50.0, 2: 40.0}
    assert trial.user_attrs["garment.device_seconds"] == 3.0


def test_full_epochs_are_complete_and_what_is_infeasible_fails_with_its_reason(study, experiment):
    searcher = make_searcher(study, experiment, trials=3)
    for tune_id in "abc":
        searcher.suggest(tune_id)
    searcher.on_trial_complete("a", {"epoch": EPOCHS, "s2s_mm": 20.0})
    searcher.on_trial_complete("b", {"epoch": 3, "infeasible": True, "reason": "collapsed"})
    searcher.on_trial_complete("c", error=True)
    assert [t.state for t in study.get_trials()] == [TrialState.COMPLETE, TrialState.FAIL, TrialState.FAIL]
    assert frozen(study, 1).user_attrs["garment.reason"] == "collapsed"
    assert searcher.suggest("d") == Searcher.FINISHED


@pytest.mark.parametrize("value", [math.nan, math.inf, None])
def test_values_that_are_no_numbers_never_reach_the_study(study, experiment, value):
    searcher = make_searcher(study, experiment, trials=3)
    searcher.suggest("a")
    searcher.on_trial_result("a", {"epoch": 1, "s2s_mm": value})
    searcher.on_trial_complete("a", {"epoch": EPOCHS, "s2s_mm": value})
    assert frozen(study).intermediate_values == {}
    assert frozen(study).state == TrialState.FAIL


def test_no_more_than_the_places_are_given_out(study, experiment):
    searcher = make_searcher(study, experiment, trials=5, max_concurrent=2)
    assert searcher.suggest("a") and searcher.suggest("b")
    assert searcher.suggest("c") is None
    searcher.on_trial_complete("a", {"epoch": 1, "s2s_mm": 1.0})
    assert searcher.suggest("c")["trial"]["number"] == 2


def test_a_spent_budget_ends_the_suggestions_and_leaves_cut_trials_to_be_resumed(study, experiment):
    spent = []
    searcher = make_searcher(
        study, experiment, 5, exhausted=lambda: bool(spent), interrupted=lambda tune_id: tune_id == "a"
    )
    searcher.suggest("a")
    spent.append(True)
    searcher.on_trial_complete("a", {"epoch": 2, "s2s_mm": 30.0})
    assert searcher.suggest("b") == Searcher.FINISHED
    assert frozen(study).state == TrialState.RUNNING
    again = make_searcher(study, experiment, 5)
    assert again.suggest("x")["trial"]["number"] == 0


def test_trials_that_never_ran_are_given_out_again(study, experiment):
    searcher = make_searcher(study, experiment, trials=2)
    first = searcher.suggest("a")
    searcher.on_trial_complete("a")
    assert make_searcher(study, experiment, trials=2).suggest("b") == first


def test_failures_in_a_row_that_are_not_the_configs_end_the_sweep(study, experiment):
    searcher = make_searcher(study, experiment, trials=9)
    for tune_id in "abc":
        searcher.suggest(tune_id)
        searcher.on_trial_complete(tune_id, {"epoch": 0, "failed": True, "reason": "shard is gone"})
    assert searcher.suggest("d") == Searcher.FINISHED
    assert "shard is gone" in searcher.given_up


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"result": {"epoch": EPOCHS}}, "no usable s2s/all was reported"),
        ({"result": {"epoch": EPOCHS, "s2s_mm": math.nan}}, "no usable s2s/all was reported"),
        ({"error": True}, "the trial's process failed"),
    ],
)
def test_trials_without_a_usable_value_are_failures_in_a_row_too(study, experiment, told, said):
    searcher = make_searcher(study, experiment, trials=9)
    for tune_id in "abc":
        assert searcher.suggest(tune_id) != Searcher.FINISHED
        searcher.on_trial_complete(tune_id, **told)
    assert searcher.suggest("d") == Searcher.FINISHED
    assert searcher.given_up == f"3 trials in a row failed; the last: {said}"


def test_infeasible_configs_are_no_accidents_and_end_no_sweep(study, experiment):
    searcher = make_searcher(study, experiment, trials=9)
    for tune_id in "abcd":
        assert searcher.suggest(tune_id) != Searcher.FINISHED
        searcher.on_trial_complete(tune_id, {"epoch": 1, "infeasible": True, "reason": "diverged"})
    assert not searcher.given_up


def test_a_finished_trial_is_not_told_twice(study, experiment):
    searcher = make_searcher(study, experiment, trials=2)
    searcher.suggest("a")
    searcher.on_trial_complete("a", {"epoch": EPOCHS, "s2s_mm": 20.0})
    searcher.on_trial_complete("a", {"epoch": EPOCHS, "s2s_mm": 99.0})
    searcher.on_trial_result("a", {"epoch": 1, "s2s_mm": 99.0})
    assert frozen(study).value == 20.0


def test_its_pickle_holds_no_database(study, experiment):
    assert make_searcher(study, experiment, trials=2).__getstate__() == {"study_name": "one"}


class Killed(Exception):
    """The driver died."""


def drive(url: str, experiment, trials: int, kill_after: int | None, checkpoint_every: int = 2) -> None:
    """Runs trials two at a time against the study as Tune would, without a scheduler; dies after some events."""
    study = optuna.create_study(study_name="one", storage=open_storage(url), load_if_exists=True)
    searcher = make_searcher(study, experiment, trials, max_concurrent=2)
    events, serial, live = 0, 0, {}
    while True:
        given = searcher.suggest(f"tune{serial}")
        if given == Searcher.FINISHED and not live:
            return
        if isinstance(given, dict):
            done = max(study.get_trials()[given["trial"]["number"]].intermediate_values, default=0)
            epoch = done - done % checkpoint_every  # the newest checkpoint may lie behind the last report
            live[f"tune{serial}"] = (given["values"], epoch)
            serial += 1
        for tune_id, (values, epoch) in list(live.items()):
            config = experiment.base.with_values(values)
            result = {"epoch": epoch + 1, "s2s_mm": curve_mm(config, epoch + 1)}
            live[tune_id] = (values, epoch + 1)
            if epoch + 1 == EPOCHS:
                searcher.on_trial_complete(tune_id, result)
                del live[tune_id]
            else:
                searcher.on_trial_result(tune_id, result)
            events += 1
            if kill_after is not None and events >= kill_after:
                raise Killed


def summary(url: str, experiment) -> list:
    study = optuna.create_study(study_name="one", storage=open_storage(url), load_if_exists=True)
    return [(t.number, t.state, t.params, t.value, t.intermediate_values) for t in started(study)]


def test_a_driver_killed_many_times_leaves_the_study_of_an_undisturbed_one(tmp_path, experiment):
    calm, stormy = f"sqlite:///{tmp_path}/calm.db", f"sqlite:///{tmp_path}/stormy.db"
    drive(calm, experiment, 8, kill_after=None)
    generator, kills = random.Random(0), 0
    while True:
        try:
            drive(stormy, experiment, 8, kill_after=generator.randint(1, 9))
            break
        except Killed:
            kills += 1
    assert kills >= 5
    assert summary(stormy, experiment) == summary(calm, experiment)
    assert all(state == TrialState.COMPLETE for _, state, *_ in summary(calm, experiment))


def test_suggested_values_make_configs(study, experiment):
    values = make_searcher(study, experiment, 1).suggest("a")["values"]
    assert isinstance(experiment.base.with_values(values), TrialConfig)


def test_epochs_that_a_killed_driver_kept_no_record_of_come_with_the_next_result(study, experiment):
    searcher = make_searcher(study, experiment, trials=1)
    searcher.suggest("a")
    searcher.on_trial_result("a", {"epoch": 1, "s2s_mm": 50.0})
    again = make_searcher(study, experiment, trials=1)
    again.suggest("b")
    again.on_trial_result("b", {"epoch": 4, "s2s_mm": 30.0, "earlier": [[1, 50.0], [2, 45.0], [3, 40.0]]})
    assert frozen(study).intermediate_values == {1: 50.0, 2: 45.0, 3: 40.0, 4: 30.0}
