"""Tune asks this searcher; the study answers. Nothing that matters lives anywhere but in the study."""

from collections import deque
from collections.abc import Callable
from typing import Any

import optuna
from optuna.trial import TrialState
from ray.tune.search import Searcher

from garment_sweeps.search.outcome import outcome_of, usable_value
from garment_sweeps.search.study import DEVICE_SECONDS, INTERRUPTED, REASON, started, trial_name
from garment_sweeps.spaces import Experiment
from garment_sweeps.trials import results
from garment_uv.errors import UserError

FAILURES_IN_A_ROW = 3
"""Trials that fail, not by their config, one after the other, before the sweep is given up."""


class StudySearcher(Searcher):
    """Suggests from an Optuna study and tells it the truth about how trials ended.

    Trials that a dead driver left RUNNING are given out again first, under their own number, so that they go on
    from their last checkpoint; finished ones are never asked for again.

    Args:
        study: opened by `open_study`.
        experiment: its space, and how many epochs make a trial complete.
        trials: how many trials the sweep may have in all, earlier sessions included.
        max_concurrent: most trials given out at once; 0 for no limit.
        exhausted: says whether the budget is spent; then nothing more is suggested.
        interrupted: says whether Tune's trial of that id was ended by the budget and not by the scheduler.
    """

    def __init__(
        self,
        study: optuna.Study,
        experiment: Experiment,
        trials: int,
        max_concurrent: int = 0,
        exhausted: Callable[[], bool] = lambda: False,
        interrupted: Callable[[str], bool] = lambda tune_id: False,
    ) -> None:
        super().__init__(metric=results.OBJECTIVE, mode="min")
        self._study = study
        self._experiment = experiment
        self._base = experiment.base.flat()
        self._trials = trials
        self._max_concurrent = max_concurrent
        self._exhausted = exhausted
        self._interrupted = interrupted
        known = started(study)
        self._asked = len(known)
        self._orphans = deque(t for t in known if t.state == TrialState.RUNNING)
        self._live: dict[str, optuna.Trial] = {}
        self._failures: list[str] = []
        self.given_up = ""
        """Why nothing more is suggested although trials and budget are left; empty as long as it is."""

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        """A config for Tune's new trial; FINISHED without trials or budget left, None while all places are taken."""
        if self._exhausted() or self.given_up:
            return Searcher.FINISHED
        if self._max_concurrent and len(self._live) >= self._max_concurrent:
            return None
        while True:
            trial = self._next()
            if trial is None:
                return Searcher.FINISHED
            values = self._experiment.space.suggest(trial, self._base)
            try:
                self._experiment.base.with_values(values)
            except UserError as error:
                self._tell(trial, TrialState.FAIL, str(error))
                continue
            self._live[trial_id] = trial
            return {"trial": {"id": trial_name(trial.number), "number": trial.number}, "values": values}

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """Keeps an epoch's value in the study; what is not finite stays out."""
        trial = self._live.get(trial_id)
        if trial is not None:
            self._record(trial, result)

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """Tells the study how the trial ended; one that the budget cut short stays RUNNING, to be resumed."""
        trial = self._live.pop(trial_id, None)
        if trial is None:
            return
        if result:
            self._record(trial, result)
        never_ran = not error and not result
        if never_ran or self._interrupted(trial_id):
            trial.set_user_attr(INTERRUPTED, True)
            return
        outcome = outcome_of(result, error, self._experiment.epochs)
        self._tell(trial, outcome.state, outcome.reason, outcome.value)
        self._count_failures(result or {})

    def save(self, checkpoint_path: str) -> None:
        """Nothing to save: the study is the state."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing to restore: the study is the state."""

    def __getstate__(self) -> dict[str, Any]:
        """What Tune pickles into its own snapshot, which is never read again: no database, no password."""
        return {"study_name": self._study.study_name}

    def _next(self) -> optuna.Trial | None:
        if self._orphans:
            frozen = self._orphans.popleft()
            return optuna.Trial(self._study, frozen._trial_id)
        if self._asked >= self._trials:
            return None
        self._asked += 1
        return self._study.ask()

    def _count_failures(self, result: dict[str, Any]) -> None:
        if not result.get(results.FAILED):
            self._failures = []
            return
        self._failures.append(str(result.get(results.REASON, "")))
        if len(self._failures) >= FAILURES_IN_A_ROW:
            self.given_up = f"{FAILURES_IN_A_ROW} trials in a row failed; the last: {self._failures[-1]}"

    def _record(self, trial: optuna.Trial, result: dict[str, Any]) -> None:
        epoch, value = int(result.get(results.EPOCH, 0)), usable_value(result)
        if value is not None and epoch not in trial.storage.get_trial(trial._trial_id).intermediate_values:
            trial.report(value, epoch)
        trial.set_user_attr(DEVICE_SECONDS, float(result.get(results.DEVICE_SECONDS, 0.0)))

    def _tell(self, trial: optuna.Trial, state: TrialState, reason: str, value: float | None = None) -> None:
        if reason:
            trial.set_user_attr(REASON, reason)
        told = value if state == TrialState.COMPLETE else None  # a pruned trial's value is its last report
        self._study.tell(trial, told, state=state, skip_if_finished=True)
