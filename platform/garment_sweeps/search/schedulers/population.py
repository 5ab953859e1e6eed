"""Population based training."""

import functools
from typing import Any

from ray import tune
from ray.tune.schedulers import PopulationBasedTraining

from garment_sweeps.search.schedulers.views import TrialView
from garment_sweeps.spaces import PbtConfig, Space
from garment_sweeps.spaces.space import Choice, Float, Integer, Parameter
from garment_sweeps.trials import results

VALUES = "values"
"""Where a stand-in's config, like the real trial's, keeps path and value of everything searched."""


class Population(PopulationBasedTraining):
    """Ray's population based training, which says what it decides by, and keeps values inside the space."""

    expects_trials = False

    def __init__(self, config: PbtConfig, space: Space) -> None:
        parameters = {p.path: p for p in space.parameters if p.path in config.paths}
        super().__init__(
            time_attr=results.EPOCH,
            metric=results.OBJECTIVE,
            mode="min",
            perturbation_interval=config.interval_epochs,
            quantile_fraction=config.quantile,
            resample_probability=config.resample,
            hyperparam_mutations={VALUES: {path: mutation(parameters[path]) for path in config.paths}},
            custom_explore_fn=functools.partial(_inside, parameters=parameters),
            log_config=False,
        )

    def inputs(self, trial: TrialView, result: dict[str, Any]) -> dict[str, Any]:
        """The population's values in mm at their last look, and who would copy whom; empty between looks."""
        state = self._trial_state[trial]
        if result[results.EPOCH] - state.last_perturbation_time < self._perturbation_interval:
            return {}
        before = state.last_score
        state.last_score = -result[results.OBJECTIVE]
        worst, best = self._quantiles()
        state.last_score = before
        told = {t: s.last_score for t, s in self._trial_state.items() if s.last_score is not None}
        population = {t.name: -score for t, score in told.items() if not t.is_finished() and t is not trial}
        population[trial.name] = result[results.OBJECTIVE]
        return {"population_mm": population, "best": [t.name for t in best], "worst": [t.name for t in worst]}

    def promoted(self, trial: TrialView | None, decision: str, inputs: dict[str, Any]) -> list[TrialView]:
        """None: who goes on from another's weights is said by the result itself."""
        return []


def mutation(parameter: Parameter) -> Any:
    """What Ray draws a parameter's new value from: a distribution, or the list in which neighbours are steps."""
    match parameter:
        case Choice():
            return list(parameter.options)
        case Float(levels=levels) if levels:
            return parameter.grid()
        case Float(log=True):
            return tune.loguniform(parameter.low, parameter.high)
        case Float():
            return tune.uniform(parameter.low, parameter.high)
        case Integer(log=True):
            return tune.lograndint(parameter.low, parameter.high + 1)
        case Integer():
            return tune.randint(parameter.low, parameter.high + 1)


def _inside(config: dict[str, Any], parameters: dict[str, Parameter]) -> dict[str, Any]:
    """The config with every value that was changed as a plain one inside its range."""
    values = dict(config[VALUES])
    for path, parameter in parameters.items():
        if isinstance(parameter, Choice):
            continue
        kind = int if isinstance(parameter, Integer) else float
        values[path] = kind(min(max(values[path], parameter.low), parameter.high))
    return {**config, VALUES: values}
