"""What a sampler sees of the past: the sweep's own trials and those of earlier sweeps, in a study in memory.

It differs from the study on record in two ways. A trial that proved infeasible is FAIL on record, and Optuna's samplers
take no notice of failed trials; here it is a pruned one that breaks a constraint, which they learn to keep away from.
And a trial that still runs counts by what it has reported (see `RunningAsPruned`).
"""

import copy
from collections.abc import Container
from typing import Any

import optuna
from optuna.storages import InMemoryStorage
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial

from garment_sweeps.search.sampler import SeededSampler
from garment_sweeps.study.history import Record

INFEASIBLE = "garment.infeasible"
"""Attribute of trials whose config proved untrainable."""
VIOLATIONS = "garment.violations"
"""Attribute: how far each constraint was exceeded, by its name; at most 0 where it is kept."""


class RunningAsPruned(InMemoryStorage):
    """Trials in memory; in lists of them, a running one that has reported stands as if stopped at its newest epoch.

    Optuna's samplers only keep away from running trials (constant liar), whatever they have reported. Beside a
    scheduler that stops early all that is known to be good then counts as bad in the first half of a sweep, and the
    best of what was stopped as good. Here a running trial ranks by the epoch that it has reached and then by its
    value, as a stopped one does. For studies of one objective: curves are of the first one.
    """

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        """All trials, or those that stand in one of `states`."""
        shown = [_as_pruned(trial) for trial in super().get_all_trials(study_id, deepcopy)]
        return [trial for trial in shown if states is None or trial.state in states]


def _as_pruned(trial: FrozenTrial) -> FrozenTrial:
    if trial.state != TrialState.RUNNING or not trial.intermediate_values:
        return trial
    shown = copy.copy(trial)
    shown.state = TrialState.PRUNED
    return shown


class SeenStudy:
    """A study in memory, of so many objectives, that follows the history. The sampler answers its questions."""

    def __init__(self, sampler: SeededSampler, objectives: int) -> None:
        self._sampler = sampler
        directions = [StudyDirection.MINIMIZE] * objectives
        storage = RunningAsPruned() if objectives == 1 else None
        self._study = optuna.create_study(sampler=sampler, directions=directions, storage=storage)
        self._trials: dict[int, optuna.Trial] = {}

    def add_known(
        self, params: dict, distributions: dict, values: tuple[float, ...], violations: dict[str, float] | None = None
    ) -> None:
        """A complete trial of an earlier sweep; `violations` are as an `Outcome` has them."""
        self._study.add_trial(
            create_trial(params=params, distributions=distributions, values=values, constraints=violations or None)
        )

    def add_discarded(self, params: dict, distributions: dict) -> None:
        """What `ask` gave an earlier session, which discarded it."""
        self._study.add_trial(create_trial(state=TrialState.FAIL, params=params, distributions=distributions))

    def add(self, record: Record) -> None:
        """A trial of this sweep that an earlier session began."""
        running = create_trial(
            state=TrialState.RUNNING,
            params=record.params,
            distributions=record.distributions,
            system_attrs=record.system_attrs,
        )
        identifier = self._study._storage.create_new_trial(self._study._study_id, template_trial=running)
        self._trials[record.number] = optuna.Trial(self._study, identifier)
        for epoch, value in record.curve.items():
            self.report(record.number, epoch, value)
        if record.state != TrialState.RUNNING:
            self.end(record)

    def ask(self, number: int, attempt: int, fixed: dict | None = None) -> optuna.Trial:
        """A trial to suggest from, for trial `number`'s question; `fixed` parameters are not asked of the sampler."""
        self._sampler.question = (number, attempt)
        if fixed:
            self._study.enqueue_trial(fixed)
        return self._study.ask()

    def accept(self, number: int, trial: optuna.Trial) -> FrozenTrial:
        """Makes what `ask` gave trial `number`, and returns it with all that was suggested."""
        self._trials[number] = trial
        return self._study._storage.get_trial(trial._trial_id)

    def discard(self, trial: optuna.Trial) -> dict:
        """Takes back what `ask` gave, and returns its params: it is not asked about again."""
        self._study.tell(trial, state=TrialState.FAIL)
        return dict(trial.params)

    def report(self, number: int, epoch: int, value: float) -> None:
        """An epoch's value, mm."""
        self._study._storage.set_trial_intermediate_value(self._trials[number]._trial_id, epoch, value)

    def end(self, record: Record) -> None:
        """The end of a trial."""
        trial, state = self._trials[record.number], record.state
        violations = record.attrs.get(VIOLATIONS) or {}
        for name, value in violations.items():
            trial.set_constraint(name, value)
        if record.attrs.get(INFEASIBLE):
            if not any(value > 0 for value in violations.values()):
                trial.set_constraint("trainable", 1.0)
            state = TrialState.PRUNED
        storage: Any = self._study._storage
        if state == TrialState.PRUNED and len(self._study.directions) > 1:
            # of several objectives a curve of one has no rank among the others
            storage._get_trial(trial._trial_id).intermediate_values = {}
        storage.set_trial_state_values(trial._trial_id, state, record.values if state == TrialState.COMPLETE else None)
