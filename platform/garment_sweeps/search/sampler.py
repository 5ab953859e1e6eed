"""Optuna's samplers, so that their answers depend on seed, trial number, parameter and history only.

A sampler that is made anew after a crash would otherwise start its random numbers again and repeat what it said
before the crash. Seeding per question (ours) makes a resumed sweep ask what an undisturbed one would have asked.
"""

import hashlib
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, BruteForceSampler, CmaEsSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState

SAMPLERS = {
    "tpe": "tree-structured Parzen estimator, each parameter by itself, told about running trials (constant liar)",
    "tpe_multivariate": "the same over all parameters together, grouped by what exists in which trials",
    "tpe_constrained": "tpe_multivariate under the experiment's constraints on costs",
    "cmaes": "CMA-ES, for numbers without conditions; what it cannot decide is random",
    "random": "independent random values",
    "grid": "every combination once, in random order; needs levels on every Float",
}
"""Every sampler with a line on what it does. All TPE ones learn from infeasible trials."""

CANDIDATES = 24
"""Draws of which TPE takes the most promising, as is Optuna's default. Asked again, since its answer was tried already,
it takes the first it draws: among few levels and choices the best of 24 is the same answer nearly every time."""


class SeededSampler(BaseSampler):
    """Wraps a sampler that it makes anew, with its own seed, for every question."""

    def __init__(self, seed: int, make: Callable[[int, int], BaseSampler]) -> None:
        self._seed = seed
        self._make = make
        self.question = (0, 0)
        """Number of the trial that is asked about, and how often it was asked about before."""

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """What the wrapped sampler decides jointly."""
        self._joint = self._fresh("joint")
        return self._joint.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Joint values of the trial."""
        return self._joint.sample_relative(study, trial, search_space)

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """One value of the trial."""
        return self._fresh(param_name).sample_independent(study, trial, param_name, param_distribution)

    def after_trial(
        self, study: optuna.Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        """Nothing: no sampler here learns but from the study itself."""

    def _fresh(self, what: str) -> BaseSampler:
        number, attempt = self.question
        text = f"{self._seed}/{number}/{attempt}/{what}".encode()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            return self._make(int.from_bytes(hashlib.sha256(text).digest()[:4], "big"), attempt)


def make_sampler(name: str, seed: int, startup_trials: int) -> SeededSampler:
    """The sampler of that name (see `SAMPLERS`)."""

    def tpe(one_seed: int, attempt: int, jointly: bool = False) -> BaseSampler:
        return TPESampler(
            seed=one_seed,
            n_startup_trials=startup_trials,
            n_ei_candidates=1 if attempt else CANDIDATES,
            constant_liar=True,
            multivariate=jointly,  # Optuna's own default depends on the number of objectives
            group=jointly,
        )

    def cmaes(one_seed: int, attempt: int) -> BaseSampler:
        return CmaEsSampler(
            seed=one_seed,
            n_startup_trials=startup_trials,
            independent_sampler=RandomSampler(seed=one_seed),
            warn_independent_sampling=False,
        )

    makers: dict[str, Callable[[int, int], BaseSampler]] = {
        "tpe": tpe,
        "tpe_multivariate": partial(tpe, jointly=True),
        "tpe_constrained": partial(tpe, jointly=True),
        "cmaes": cmaes,
        "random": lambda one_seed, attempt: RandomSampler(seed=one_seed),
        "grid": lambda one_seed, attempt: BruteForceSampler(seed=one_seed),
    }
    return SeededSampler(seed, makers[name])
