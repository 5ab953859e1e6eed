"""Through stand-ins, in any order and one after the other, trials are judged as the bare classes of Ray judge them."""

import math

import pytest
from ray.tune.schedulers import (
    AsyncHyperBandScheduler,
    HyperBandScheduler,
    MedianStoppingRule,
    PopulationBasedTraining,
)

from garment_sweeps.search.schedulers import RecordedScheduler
from garment_sweeps.search.schedulers.judge import seeded
from garment_sweeps.search.schedulers.rules import make_rule
from tests.garment_sweeps.search.schedulers.conftest import SCHEDULERS, make_experiment, values_of
from tests.garment_sweeps.search.schedulers.mini_tune import EPOCHS, ListLog, MiniTune, Sweep, curves

ON = {"time_attr": "epoch", "metric": "s2s_mm", "mode": "min"}


class MedianOnce(MedianStoppingRule):
    """Ray's rule, without its second look at the last result of a trial that it has stopped: Tune tells it twice."""

    def on_trial_complete(self, tune_controller, trial, result):
        if trial not in self._stopped_trials:
            super().on_trial_complete(tune_controller, trial, result)


class SeededPopulation(PopulationBasedTraining):
    """Ray's population based training with the random numbers of a look made known."""

    def on_trial_result(self, tune_controller, trial, result):
        with seeded(5, "look", self._next_perturbation_sync):
            return super().on_trial_result(tune_controller, trial, result)


def bare(kind: str):
    """The class as Ray's documentation would have it made, with nothing of ours."""
    match kind:
        case "asha":
            return AsyncHyperBandScheduler(**ON, max_t=EPOCHS, grace_period=1, reduction_factor=3)
        case "hyperband":
            return HyperBandScheduler(**ON, max_t=EPOCHS, reduction_factor=3, stop_last_trials=False)
        case "median":
            return MedianOnce(**ON, grace_period=2, min_samples_required=3, min_time_slice=math.inf)
        case "pbt":
            ours = make_rule(make_experiment("pbt"))
            return SeededPopulation(
                **ON,
                perturbation_interval=2,
                hyperparam_mutations=ours._hyperparam_mutations,
                custom_explore_fn=ours._custom_explore_fn,
                log_config=False,
                synch=True,
            )


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("kind", ["asha", "hyperband", "median", "pbt"])
def test_decisions_are_those_of_the_bare_class(kind, seed, context):
    names = curves(20, seed)
    sweep = Sweep(names, upfront=True, places=2 + seed, values=values_of(names), seed=seed)
    reference = MiniTune(bare(kind), context=context)
    if kind == "pbt":
        reference.search_alg = None  # Ray's own refuses to run beside one
    happened = sweep.run(reference)
    ours = MiniTune(RecordedScheduler(make_experiment(kind), ListLog()), context=context)
    for what in happened:
        sweep.play(ours, what)
    ours.choose()
    assert ours.decisions == reference.decisions
    assert {name for name, _ in ours.told} == {name for name, _ in reference.told} == set(names)
    assert {"STOP", "PAUSE", "NOOP"} & {decision for *_, decision in ours.decisions}
    if kind == "pbt":
        changed = [ours.trials[name].config["trial"]["schedule"] for name in names]
        assert sum(map(len, changed)) == reference.scheduler._num_perturbations > 0
        for trial, schedule in zip(reference.trials.values(), changed, strict=True):
            assert trial.config["values"] == (schedule[-1]["values"] if schedule else values_of(names)[trial.name])


@pytest.mark.parametrize("kind", list(SCHEDULERS))
def test_trials_that_come_one_after_the_other_are_judged_too_and_none_is_left_over(kind, context):
    names = curves(17, 3)
    log = ListLog()
    tune = MiniTune(RecordedScheduler(make_experiment(kind, trials=17), log), context=context)
    Sweep(names, values=values_of(names)).run(tune)
    assert sorted(name for name, _ in tune.told) == sorted(names)
    assert all(epoch > 0 for _, epoch in tune.told)  # the searcher hears of everyone how far it came
    told = [(event["trial"], event["epoch"]) for event in log.events if event["kind"] == "result"]
    assert len(told) == len(set(told))
