"""ASHA that a restart does not reset: it knows trials by their own names and is told the study's history first."""

from types import SimpleNamespace
from typing import Any

import optuna
from ray.tune.schedulers import ASHAScheduler, FIFOScheduler, TrialScheduler

from garment_sweeps.search.study import started, trial_name
from garment_sweeps.spaces import Experiment
from garment_sweeps.trials import results


class StudyAsha(ASHAScheduler):
    """Asynchronous successive halving over epochs whose rungs are rebuilt from the study.

    Tune gives a resumed trial a new id; here a trial is known by the study's name for it, so that it is never
    counted twice on a rung.
    """

    def __init__(self, experiment: Experiment, study: optuna.Study) -> None:
        super().__init__(
            time_attr=results.EPOCH,
            metric=results.OBJECTIVE,
            mode="min",
            max_t=experiment.epochs,
            grace_period=experiment.scheduler.grace_epochs,
            reduction_factor=experiment.scheduler.reduction,
        )
        for trial in started(study):
            self._replay(trial)

    def on_trial_add(self, tune_controller: Any, trial: Any) -> None:
        """Puts the trial into its bracket."""
        super().on_trial_add(tune_controller, _named(trial))

    def on_trial_result(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> str:
        """Whether the trial goes on."""
        return super().on_trial_result(tune_controller, _named(trial), result)

    def on_trial_complete(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> None:
        """Records a finished trial's last value."""
        super().on_trial_complete(tune_controller, _named(trial), result)

    def on_trial_remove(self, tune_controller: Any, trial: Any) -> None:
        """Forgets a trial that will not run."""
        super().on_trial_remove(tune_controller, _named(trial))

    def __getstate__(self) -> dict[str, Any]:
        """Tune's snapshot, which is never read again, keeps nothing of it."""
        return {}

    def _replay(self, frozen: optuna.trial.FrozenTrial) -> None:
        named = SimpleNamespace(trial_id=trial_name(frozen.number))
        super().on_trial_add(None, named)
        for epoch, value in sorted(frozen.intermediate_values.items()):
            super().on_trial_result(None, named, {results.EPOCH: epoch, results.OBJECTIVE: value})


def make_scheduler(experiment: Experiment, study: optuna.Study) -> TrialScheduler:
    """The experiment's scheduler: ASHA, or none."""
    return StudyAsha(experiment, study) if experiment.scheduler else FIFOScheduler()


def _named(trial: Any) -> Any:
    return SimpleNamespace(trial_id=trial.config["trial"]["id"])
