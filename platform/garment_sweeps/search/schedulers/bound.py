"""Which of Tune's trials stands behind which stand-in, in this session."""

from typing import Any

from ray.tune.experiment import Trial

from garment_sweeps.experiment import result_keys
from garment_sweeps.search.schedulers.views import WAITING, TrialView
from garment_sweeps.trials.context import TrialContext
from garment_sweeps.trials.lineage import CHANGES, SCHEDULE, copied_checkpoint


def own_name(trial: Trial) -> str:
    """A trial's own name."""
    return trial.config["trial"]["id"]


class BoundTrials:
    """Tune's trials that have not ended, with their stand-ins.

    Args:
        changes: config paths that may change while a trial trains; empty without population based training.
        checkpoint_every: epochs between checkpoints of a trial.
    """

    def __init__(self, changes: tuple[str, ...] = (), checkpoint_every: int = 1) -> None:
        self._changes = changes
        self._checkpoint_every = checkpoint_every
        self._context: dict[str, Any] = {}
        self._pairs: dict[str, tuple[TrialView, Trial]] = {}

    def add(self, view: TrialView, trial: Trial) -> None:
        """Binds them; the trial's config then says what changed before."""
        self._pairs[view.name] = (view, trial)
        self._context = trial.config["context"]
        if self._changes:
            self.set_config(view)

    def remove(self, name: str) -> None:
        """Forgets the trial."""
        self._pairs.pop(name, None)

    def has(self, view: TrialView) -> bool:
        """Whether one of Tune's trials stands behind it."""
        return view.name in self._pairs

    def holds(self, trial: Trial) -> bool:
        """Whether this very trial is bound already."""
        return self._pairs.get(own_name(trial), (None, None))[1] is trial

    def trial(self, view: TrialView) -> Trial:
        """Tune's trial behind it."""
        return self._pairs[view.name][1]

    def views(self) -> list[TrialView]:
        """All stand-ins that have one."""
        return [view for view, _ in self._pairs.values()]

    def running(self) -> list[str]:
        """Names of trials that Tune runs and the stand-in does not know to run."""
        return [
            name
            for name, (view, trial) in self._pairs.items()
            if view.status == Trial.PENDING and trial.status == Trial.RUNNING
        ]

    def startable(self) -> list[TrialView]:
        """Those that wait, and which Tune can start at once: what is still being saved is not among them."""
        return [
            view
            for view, trial in self._pairs.values()
            if trial.status in WAITING and view.status in (*WAITING, Trial.RUNNING)
        ]

    def paused(self) -> list[Trial]:
        """Tune's trials that are paused."""
        return [trial for _, trial in self._pairs.values() if trial.status == Trial.PAUSED]

    def stalled(self) -> bool:
        """Whether there are trials, and all of them are paused."""
        return bool(self._pairs) and len(self.paused()) == len(self._pairs)

    def stop(self, tune_controller: Any, view: TrialView) -> bool:
        """Ends a trial that waits, by a decision of the scheduler; False where that must be tried again later.

        Tune tells the searcher no result of a trial that it stops while it waits. The trial is marked as running for
        that moment, so that the searcher hears how far it came and that it was not interrupted.
        """
        _, trial = self._pairs.get(view.name, (view, None))
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

    def set_config(self, view: TrialView) -> None:
        """Tells the trial, if it is there, what changed of it, for when it is started next."""
        _, trial = self._pairs.get(view.name, (view, None))
        if trial is not None:
            trial_config = {**trial.config["trial"], CHANGES: list(self._changes), SCHEDULE: list(view.schedule)}
            trial.set_config({**trial.config, "trial": trial_config})

    def copy_for(self, view: TrialView, source: TrialView, tune_controller: Any) -> dict[str, Any]:
        """The newest checkpoint of the trial `source`, kept for `view`: `checkpoint` and `source_epoch`.

        Empty where there is none. A trial that runs is told to save itself; that, and what is being written, is
        waited for.
        """
        _, trial = self._pairs.get(source.name, (source, None))
        if trial is not None and trial.status == Trial.RUNNING and not trial.is_saving:
            tune_controller._schedule_trial_save(trial)
        if trial is not None and trial.temporary_state.saving_to is not None:
            trial.temporary_state.saving_to.resolve()
        context = TrialContext.from_plain(self._context)
        return copied_checkpoint(context, source.name, view.name, len(view.schedule) + 1)
