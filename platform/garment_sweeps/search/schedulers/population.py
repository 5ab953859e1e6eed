"""Population based training."""

import functools
import logging
from typing import Any, cast

from ray import tune
from ray.tune.experiment import Trial
from ray.tune.schedulers import PopulationBasedTraining

from garment_sweeps.experiment import PbtConfig, Space, result_keys
from garment_sweeps.experiment.space import Choice, Float, Integer, Parameter
from garment_sweeps.search.schedulers.views import MEASURED, Rule, TrialView

VALUES = "values"
"""Where a stand-in's config, like the real trial's, keeps path and value of everything searched."""


class Population(Rule, PopulationBasedTraining):
    """Ray's population based training, which keeps values inside the space.

    It is synchronous: at every look all trials have done as many epochs, so no trial goes back to an epoch that it
    has on record, and who copies whom does not depend on who was faster. It is told how many trials to expect
    (`expects_trials`), so that the first look waits for all of them.

    Ray's own looks at the population when a trial reports. Where the last one that the others wait for ends without
    reporting, they would wait for ever; here they are looked at then too.
    """

    expects_trials = True
    _trial_state: dict[Any, Any]

    def __init__(self, config: PbtConfig, space: Space) -> None:
        parameters = {p.path: p for p in space.parameters if p.path in config.paths}
        super().__init__(
            **MEASURED,
            perturbation_interval=config.interval_epochs,
            quantile_fraction=config.quantile,
            resample_probability=config.resample,
            hyperparam_mutations={VALUES: {path: mutation(parameters[path]) for path in config.paths}},
            custom_explore_fn=functools.partial(_inside, parameters=parameters),
            log_config=False,
            synch=True,
        )
        logging.getLogger("ray.tune.schedulers.pbt").setLevel(logging.WARNING)

    def occasion(self) -> tuple[Any, ...]:
        """What random numbers follow from: the look, whoever makes it."""
        return ("look", self._next_perturbation_sync)

    def inputs(self, trial: TrialView, result: dict[str, Any]) -> dict[str, Any]:
        """How many are waited for; where none is, all values in mm, whose weights are copied and who copies."""
        state = self._trial_state[trial]
        if result[result_keys.EPOCH] - state.last_perturbation_time < self._perturbation_interval:
            return {}
        waiting_for = sum(self._late(other) for other in self._population() if other is not trial)
        if waiting_for:
            return {"waiting_for": waiting_for}
        before, state.last_score = state.last_score, -result[result_keys.OBJECTIVE]
        worst, best = ([other.name for other in part] for part in cast(Any, self._quantiles()))
        scores = {other.name: self._trial_state[other].last_score for other in self._population()}
        state.last_score = before
        values = {name: -score for name, score in scores.items() if score is not None}
        return {"population_mm": values, "best": best, "worst": worst}

    def on_trial_remove(self, tune_controller: Any, trial: Any) -> None:
        """A trial is gone, or will not come."""
        trial.status = Trial.TERMINATED
        left = self._population()
        if left and not any(map(self._late, left)):
            self.on_trial_result(tune_controller, left[0], self._trial_state[left[0]].last_result)

    def on_trial_complete(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> None:
        """A trial is done."""
        self.on_trial_remove(tune_controller, trial)

    def on_trial_error(self, tune_controller: Any, trial: Any) -> None:
        """A trial was given up."""
        self.on_trial_remove(tune_controller, trial)

    def _exploit(self, tune_controller: Any, trial: Any, trial_to_clone: Any) -> None:
        super()._exploit(tune_controller, trial, trial_to_clone)
        tune_controller.exploited.append((trial, trial_to_clone))

    def _population(self) -> list[Any]:
        return [trial for trial in self._trial_state if not trial.is_finished()]

    def _late(self, trial: TrialView) -> bool:
        return self._trial_state[trial].last_train_time < self._next_perturbation_sync


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
