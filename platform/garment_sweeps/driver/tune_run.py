"""What Ray Tune is handed, and what it tells the budget."""

from collections.abc import Callable
from functools import partial
from typing import Any

from ray import tune
from ray.tune import Callback, Stopper
from ray.tune.schedulers import FIFOScheduler, TrialScheduler
from ray.tune.search import Searcher

from garment_sweeps.budget.ledger import spent_seconds
from garment_sweeps.budget.stop import BudgetStop
from garment_sweeps.driver.open_sweep import OpenSweep
from garment_sweeps.driver.progress import SweepProgress
from garment_sweeps.ray.controller import fit
from garment_sweeps.settings.patience import patiently
from garment_sweeps.storage.filesystem import check_storage, open_filesystem
from garment_sweeps.trials.checkpoints import trial_folder
from garment_sweeps.trials.trainable import trainable_of
from garment_uv.errors import UserError


def run_tune(sweep: OpenSweep, searcher: Searcher, scheduler: TrialScheduler | None, progress: SweepProgress) -> None:
    """Runs trials until the searcher has nothing more to suggest; UserError where the sweep is lost.

    Without a scheduler every trial trains all its epochs.

    Every call begins a new Tune experiment over the same study and storage; each session of a trial has a folder of
    its own, so that Tune's numbering of checkpoints can start anew without writing over what is there.
    """
    context, budget, lost = sweep.context, sweep.budget, sweep.state.lost
    filesystem, root = open_filesystem(context.storage)
    patiently(partial(check_storage, context.storage), goes_on=context.session > 0)
    filesystem.create_dir(root, recursive=True)
    fit(
        sweep.experiment,
        trainable_of(sweep.open_work),
        {"context": context.plain()},
        tune_config=tune.TuneConfig(
            search_alg=searcher,
            scheduler=scheduler or FIFOScheduler(),
            num_samples=-1,  # the searcher knows when to end
            reuse_actors=True,
            trial_name_creator=lambda trial: trial.config["trial"]["id"],
            trial_dirname_creator=lambda trial: trial_folder(trial.config["trial"]["id"], context.session),
        ),
        run_config=tune.RunConfig(
            name=context.sweep,
            storage_path=root,
            storage_filesystem=filesystem,
            stop=SweepStopper(budget, lost),
            callbacks=[BudgetWatch(budget), progress],
            failure_config=tune.FailureConfig(max_failures=-1),  # crash loops are found by the trial itself
            checkpoint_config=tune.CheckpointConfig(
                checkpoint_frequency=context.checkpoint_every, checkpoint_at_end=True
            ),
            verbose=0,
        ),
    )
    if lost():
        raise UserError(lost())
    budget.settle(spent_seconds(sweep.state.log.read()))


class SweepStopper(Stopper):
    """Tune's stopper: ends trials for which the budget has nothing left, and everything once this driver has lost its
    sweep, since its trials hold places that the next driver needs.
    """

    def __init__(self, budget: BudgetStop, lost: Callable[[], str]) -> None:
        self._budget = budget
        self._lost = lost

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        """Whether the trial must end now."""
        return self._budget(trial_id, result)

    def stop_all(self) -> bool:
        """Whether all must."""
        return self._budget.stop_all() or bool(self._lost())

    def __getstate__(self) -> dict[str, Any]:
        """Tune's snapshot, which is never read again, keeps nothing of it."""
        return {}


class BudgetWatch(Callback):
    """Tune's callback: starts, crashes and ends of trials, between their results, reach the budget."""

    def __init__(self, budget: BudgetStop) -> None:
        self._budget = budget

    def on_trial_start(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """The trial holds its devices from now on."""
        name = _name(trial)
        self._budget.ledger.started(name)
        self._budget.begin(name)

    def on_trial_recover(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """The trial's process is gone; another one will go on."""
        self._budget.lost(_name(trial))
        self._budget.begin(_name(trial))

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """The trial ends, or was cut short."""
        self._left(trial, ended=not self._budget.stopped(trial.trial_id))

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """Tune gives the trial up."""
        self._budget.lost(_name(trial))
        self._left(trial, ended=True)

    def __getstate__(self) -> dict[str, Any]:
        """Tune's snapshot keeps nothing of it either."""
        return {}

    def _left(self, trial: Any, ended: bool) -> None:
        self._budget.release(_name(trial))
        self._budget.ledger.left(_name(trial), ended)


def _name(trial: Any) -> str:
    return trial.config["trial"]["id"]
