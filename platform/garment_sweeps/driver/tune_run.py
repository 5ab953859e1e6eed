"""Sweeps on Ray Tune."""

from collections.abc import Callable
from functools import partial
from typing import Any

from optuna.trial import TrialState
from ray import tune
from ray.tune import Stopper
from ray.tune.schedulers import FIFOScheduler, TrialScheduler
from ray.tune.search import Searcher

from garment_sweeps.budget.forecast import Outlook
from garment_sweeps.budget.stop import BudgetStop
from garment_sweeps.driver.budget_watch import BudgetWatch
from garment_sweeps.driver.open_sweep import OpenSweep
from garment_sweeps.driver.progress import SweepProgress
from garment_sweeps.ray.controller import sturdy_controller
from garment_sweeps.ray.nodes import places, trial_placement
from garment_sweeps.search.schedulers import Hooks, RecordedScheduler
from garment_sweeps.search.searcher import Limits, StudySearcher
from garment_sweeps.settings.patience import patiently
from garment_sweeps.storage.filesystem import check_storage, open_filesystem
from garment_sweeps.study.state import SweepState
from garment_sweeps.trials.checkpoints import trial_folder
from garment_sweeps.trials.trainable import trainable_of
from garment_uv.errors import UserError


def run_search(sweep: OpenSweep, places: int, outlook: Outlook) -> None:
    """Runs until trials or budget are used up; UserError where trials fail one after the other. Ray is connected."""
    state, experiment, budget = sweep.state, sweep.experiment, sweep.budget
    limits = Limits.of(budget, places)
    searcher = StudySearcher(state.history, state.log, experiment, sweep.trials, state.start, limits)
    done = sum(record.state != TrialState.RUNNING for record in state.history.records)
    scheduler = RecordedScheduler(experiment, state.log, sweep.trials, _hooks(searcher, budget, state))
    with SweepProgress(sweep.trials, done, experiment.epochs, outlook.words(budget)) as progress:
        run_tune(sweep, searcher, scheduler, progress)
    if searcher.given_up:
        raise UserError(searcher.given_up)


def _hooks(searcher: StudySearcher, stop: BudgetStop, state: SweepState) -> Hooks:
    def keep_schedule(name: str, schedule: list[dict[str, Any]]) -> None:
        number = next(record.number for record in state.history.records if record.name == name)
        state.history.note(number, schedule=schedule)

    def pause(name: str) -> None:
        searcher.paused(name, True)
        stop.pause(name)

    def wake(name: str) -> None:
        searcher.paused(name, False)
        stop.begin(name)

    return Hooks(
        exhausted=lambda: stop.exhausted() or bool(searcher.given_up),
        full=searcher.full,
        interrupted=stop.stopped,
        written=lambda: state.journal.written(0.0),
        on_pause=pause,
        on_wake=wake,
        on_exploit=keep_schedule,
    )


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


def run_tune(sweep: OpenSweep, searcher: Searcher, scheduler: TrialScheduler | None, progress: SweepProgress) -> None:
    """The one call of Ray Tune, until the searcher has nothing more to suggest; UserError where the sweep is lost.

    Without a scheduler every trial trains all its epochs.

    Every call begins a new Tune experiment over the same study and storage; each session of a trial has a folder of
    its own, so that Tune's numbering of checkpoints can start anew without writing over what is there.
    """
    experiment, context, budget, lost = sweep.experiment, sweep.context, sweep.budget, sweep.state.lost
    filesystem, root = open_filesystem(context.storage)
    patiently(partial(check_storage, context.storage), goes_on=context.session > 0)
    filesystem.create_dir(root, recursive=True)
    tuner = tune.Tuner(
        tune.with_resources(trainable_of(sweep.open_work), trial_placement(experiment)),
        param_space={"context": context.plain()},
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
                checkpoint_frequency=experiment.checkpoint_every, checkpoint_at_end=True
            ),
            verbose=0,
        ),
    )
    with sturdy_controller(lambda: places(experiment)):
        tuner.fit()
    if lost():
        raise UserError(lost())
