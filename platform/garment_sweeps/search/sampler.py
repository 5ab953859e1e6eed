"""A sampler whose answers depend on seed, trial number, parameter and history only.

A sampler that is made anew after a crash would otherwise start its random numbers again and repeat what it said
before the crash. Seeding per question (ours) makes a resumed sweep ask what an undisturbed one would have asked.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState

SAMPLERS = {
    "tpe": "tree-structured Parzen estimator, told about running trials (constant liar)",
    "random": "independent random values",
}
"""Every sampler with a line on what it does."""


class SeededSampler(BaseSampler):
    """Wraps a sampler that it makes anew, with its own seed, for every question."""

    def __init__(self, seed: int, make: Callable[[int], BaseSampler]) -> None:
        self._seed = seed
        self._make = make

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """What the wrapped sampler decides jointly."""
        return self._fresh(trial, "space").infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Joint values of the trial."""
        return self._fresh(trial, "relative").sample_relative(study, trial, search_space)

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """One value of the trial."""
        return self._fresh(trial, param_name).sample_independent(study, trial, param_name, param_distribution)

    def after_trial(
        self, study: optuna.Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        """Passes the end of a trial on."""
        self._fresh(trial, "after").after_trial(study, trial, state, values)

    def _fresh(self, trial: FrozenTrial, question: str) -> BaseSampler:
        text = f"{self._seed}/{trial.number}/{question}".encode()
        return self._make(int.from_bytes(hashlib.sha256(text).digest()[:4], "big"))


def make_sampler(name: str, seed: int, startup_trials: int) -> SeededSampler:
    """The sampler of that name (see `SAMPLERS`)."""

    def tpe(one_seed: int) -> BaseSampler:
        return TPESampler(seed=one_seed, n_startup_trials=startup_trials, constant_liar=True)

    return SeededSampler(seed, {"tpe": tpe, "random": lambda one_seed: RandomSampler(seed=one_seed)}[name])
