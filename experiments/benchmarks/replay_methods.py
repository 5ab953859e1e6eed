"""The ways to search that `search_replay.py` compares, each wired as its user would wire it."""

from collections.abc import Callable
from typing import Any

import optuna
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from ray.tune.schedulers import ASHAScheduler, FIFOScheduler, TrialScheduler
from ray.tune.search.optuna import OptunaSearch
from simulation import Curve, Simulation, Step

from garment_sweeps.experiment import Experiment, result_keys
from garment_sweeps.search.schedulers import RecordedScheduler
from garment_sweeps.search.searcher import Limits, StudySearcher
from garment_sweeps.study.decisions import DecisionLog
from garment_sweeps.study.history import History
from garment_sweeps.study.journal import DirectJournal

CurveOf = Callable[[dict[str, Any]], Curve]
Method = Callable[[Experiment, CurveOf, int, int, float], list[Step]]
"""(experiment, curve of a config's values, seed, workers, budget in s) to the trace of a sweep."""

ENDLESS = 100_000
"""Trials: the budget ends a sweep, and nothing else."""


def plain(sampler: Callable[[int], BaseSampler], asha: bool) -> Method:
    """Ray's OptunaSearch with that sampler, alone or with Ray's ASHAScheduler, all else at its defaults.

    Trials that diverge raise, and configs are told and repeated as OptunaSearch does it.
    """

    def run(experiment: Experiment, curve_of: CurveOf, seed: int, workers: int, budget_s: float) -> list[Step]:
        base = experiment.base.flat()
        searcher = OptunaSearch(
            lambda trial: {"values": experiment.space.suggest(trial, base)},
            metric=result_keys.OBJECTIVE,
            mode="min",
            sampler=sampler(seed),
        )
        scheduler: TrialScheduler = FIFOScheduler()
        if asha:
            scheduler = ASHAScheduler(
                time_attr=result_keys.EPOCH, metric=result_keys.OBJECTIVE, mode="min", max_t=experiment.epochs
            )
        return _simulate(searcher, scheduler, experiment, curve_of, workers, budget_s, infeasible_raises=True)

    return run


def ours(**changes: Any) -> Method:
    """The project's own searcher and scheduler, the experiment's settings being the defaults but for `changes`."""

    def run(experiment: Experiment, curve_of: CurveOf, seed: int, workers: int, budget_s: float) -> list[Step]:
        experiment = experiment.with_values({**changes, "seed": seed})
        journal = DirectJournal()
        history, log = History(optuna.create_study(), journal), DecisionLog("replay", journal)
        searcher = StudySearcher(history, log, experiment, ENDLESS, limits=Limits(workers))
        scheduler = RecordedScheduler(experiment, log, trials=ENDLESS)
        return _simulate(searcher, scheduler, experiment, curve_of, workers, budget_s)

    return run


METHODS: dict[str, Method] = {
    "random": plain(lambda seed: RandomSampler(seed=seed), asha=False),
    "TPE": plain(lambda seed: TPESampler(seed=seed), asha=False),
    "ASHA": plain(lambda seed: RandomSampler(seed=seed), asha=True),
    "ours": ours(),
}
"""What is compared: plain Optuna, plain Ray, and the project's defaults."""

VARIANTS: dict[str, Method] = {
    "TPE and ASHA, plain": plain(lambda seed: TPESampler(seed=seed), asha=True),
    "ours, random": ours(sampler="random"),
    "ours, multivariate": ours(sampler="tpe_multivariate"),
    "ours, no scheduler": ours(scheduler=None),
}
"""Further lines, to see what each part of ours is good for."""


def _simulate(searcher, scheduler, experiment, curve_of, workers, budget_s, infeasible_raises=False) -> list[Step]:
    def curve(config: dict[str, Any]) -> Curve:
        return curve_of(config["values"])

    shared = {"context": {}}  # of the sweep, which no trial here looks at
    return Simulation(searcher, scheduler, curve, experiment.epochs, workers, budget_s, shared, infeasible_raises).run()
