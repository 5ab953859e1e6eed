"""What decisions do to Tune's trials. `trial` is Tune's, `view` its stand-in."""

from typing import Any

from ray.tune.experiment import Trial

from garment_sweeps.experiment import result_keys
from garment_sweeps.search.schedulers.views import TrialView
from garment_sweeps.trials.lineage import CHANGES, SCHEDULE


def own_name(trial: Trial) -> str:
    """A trial's own name."""
    return trial.config["trial"]["id"]


def stop_waiting(tune_controller: Any, trial: Trial | None, view: TrialView) -> bool:
    """Ends a trial that waits, by a decision of the scheduler; False where that must be tried again later.

    Tune tells the searcher no result of a trial that it stops while it waits. The trial is marked as running for
    that moment, so that the searcher hears how far it came and that it was not interrupted.
    """
    if trial is None or trial.is_finished():
        return True
    if trial.status != Trial.PAUSED:
        return not trial.is_saving  # what runs is stopped at its next result
    if result_keys.EPOCH not in (trial.last_result or {}):
        known = {result_keys.EPOCH: view.value_epoch, result_keys.OBJECTIVE: view.value}
        trial.run_metadata.last_result = {**known, "trial_id": trial.trial_id}
    tune_controller._set_trial_status(trial, Trial.RUNNING)
    tune_controller.stop_trial(trial)
    return True


def tell_schedule(trial: Trial, view: TrialView, changes: tuple[str, ...]) -> None:
    """Tells the trial which config paths may change and what did, for when it is started next."""
    trial_config = {**trial.config["trial"], CHANGES: list(changes), SCHEDULE: list(view.schedule)}
    trial.set_config({**trial.config, "trial": trial_config})


def save(tune_controller: Any, trial: Trial) -> None:
    """Has a trial that runs save itself, and waits for that and for what is being written."""
    if trial.status == Trial.RUNNING and not trial.is_saving:
        tune_controller._schedule_trial_save(trial)
    if trial.temporary_state.saving_to is not None:
        trial.temporary_state.saving_to.resolve()
