"""The simulated clock against schedules worked out by hand."""

import optuna
import pytest
from optuna.samplers import RandomSampler
from ray.tune.schedulers import ASHAScheduler, FIFOScheduler, HyperBandScheduler
from ray.tune.search import Searcher
from ray.tune.search.optuna import OptunaSearch

from experiments.benchmarks.simulation import Curve, Simulation
from garment_sweeps.experiment import result_keys
from tests.garment_sweeps.studies import make_experiment

CURVES = {
    "a": Curve((5.0, 4.0, 3.0), (1.0, 1.0, 1.0)),
    "b": Curve((6.0, 2.0, 1.0), (2.0, 2.0, 2.0)),
    "c": Curve((7.0, 7.0, 7.0), (1.0, 1.0, 1.0)),
    "worse": Curve((5.0, 8.0, 9.0), (1.0, 1.0, 1.0)),
    "bad": Curve((9.0,), (1.0, 0.5), "diverged"),
}


class Listed(Searcher):
    """Suggests what it was given, in order, and keeps all that it is told."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(metric=result_keys.OBJECTIVE, mode="min")
        self._names = list(names)
        self.told: list[tuple] = []

    def suggest(self, trial_id: str):
        if not self._names:
            return Searcher.FINISHED
        self.told.append(("suggest", trial_id))
        return {"name": self._names.pop(0), "trial": {"id": trial_id}}

    def on_trial_result(self, trial_id: str, result: dict) -> None:
        self.told.append(("result", trial_id, result[result_keys.EPOCH]))

    def on_trial_complete(self, trial_id: str, result=None, error: bool = False) -> None:
        self.told.append(("end", trial_id, (result or {}).get(result_keys.EPOCH), error))


def simulate(names: list[str], scheduler=None, workers: int = 2, **options):
    searcher = Listed(names)
    simulation = Simulation(
        searcher, scheduler or FIFOScheduler(), lambda config: CURVES[config["name"]], 3, workers, **options
    )
    return simulation.run(), searcher.told


def asha() -> ASHAScheduler:
    return ASHAScheduler(
        time_attr=result_keys.EPOCH,
        metric=result_keys.OBJECTIVE,
        mode="min",
        max_t=3,
        grace_period=1,
        reduction_factor=2,
    )


def test_two_workers_and_three_trials():
    steps, _ = simulate(["a", "b", "c"])
    assert [(s.time_s, s.spent_s, s.trial, s.epoch, s.incumbent) for s in steps] == [
        (1, 2, "s00000", 1, None),
        (2, 4, "s00001", 1, None),
        (2, 4, "s00000", 2, None),
        (3, 6, "s00000", 3, 3.0),
        (4, 8, "s00001", 2, 3.0),
        (4, 8, "s00002", 1, 3.0),
        (5, 10, "s00002", 2, 3.0),
        (6, 12, "s00001", 3, 1.0),
        (6, 12, "s00002", 3, 1.0),
    ]


def test_a_worker_without_a_trial_costs_nothing():
    steps, _ = simulate(["a"], workers=8)
    assert [s.spent_s for s in steps] == [1, 2, 3]


def test_one_suggestion_is_made_ahead_of_a_free_worker():
    _, told = simulate(["a", "c"], workers=1)
    assert told[:3] == [("suggest", "s00000"), ("suggest", "s00001"), ("result", "s00000", 1)]


def test_a_stopped_trial_ends_with_the_result_that_the_searcher_had_not_heard_of():
    steps, told = simulate(["a", "c"], asha(), workers=1)
    assert [(s.trial, s.epoch) for s in steps] == [("s00000", 1), ("s00000", 2), ("s00000", 3), ("s00001", 1)]
    assert told[-1] == ("end", "s00001", 1, False)
    assert ("result", "s00001", 1) not in told


def test_a_stopped_trials_value_is_no_final():
    steps, _ = simulate(["worse", "c"], asha(), workers=1)
    assert steps[-1].value == 7.0
    assert steps[-1].incumbent == 9.0


def test_an_infeasible_trial_says_so_or_raises():
    steps, told = simulate(["bad"])
    assert [(s.time_s, s.epoch, s.value) for s in steps] == [(1, 1, 9.0), (1.5, 2, None)]
    assert told[-1] == ("end", "s00000", 1, False)
    _, told = simulate(["bad"], infeasible_raises=True)
    assert told[-1] == ("end", "s00000", None, True)


def test_a_spent_budget_ends_the_sweep():
    steps, _ = simulate(["a", "b", "c"], budget_s=6.0)
    assert steps[-1].spent_s == 6.0


def test_paused_trials_go_on_where_they_were():
    names = ["a", "b", "c", "a", "b", "c"]
    scheduler = HyperBandScheduler(
        time_attr=result_keys.EPOCH, metric=result_keys.OBJECTIVE, mode="min", max_t=3, reduction_factor=3
    )
    steps, told = simulate(names, scheduler)
    for name in {s.trial for s in steps}:
        assert [s.epoch for s in steps if s.trial == name] == list(range(1, 1 + sum(s.trial == name for s in steps)))
    assert {("end", f"s{n:05d}") for n in range(6)} == {entry[:2] for entry in told if entry[0] == "end"}


@pytest.mark.parametrize("scheduler", [FIFOScheduler, asha])
def test_equal_seeds_give_equal_sweeps(scheduler):
    experiment = make_experiment()
    base = experiment.base.flat()

    def steps(seed: int):
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        space = lambda trial: {"values": experiment.space.suggest(trial, base)}  # noqa: E731
        searcher = OptunaSearch(space, metric=result_keys.OBJECTIVE, mode="min", sampler=RandomSampler(seed=seed))

        def curve(config) -> Curve:
            rate = config["values"]["training.optimiser.generator_lr"]
            return Curve((9.0 + rate, 8.0 + rate, 7.0 + rate), (1.0, 1.0 + rate, 1.0))

        return Simulation(searcher, scheduler(), curve, 3, 4, budget_s=40.0).run()

    assert steps(1) == steps(1)
    assert steps(1) != steps(2)
