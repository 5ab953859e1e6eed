"""What a sampler sees of the past: the sweep's own trials and those of earlier sweeps, in a study in memory.

It differs from the study on record in two ways. A trial that proved infeasible is FAIL on record, and Optuna's samplers
take no notice of failed trials; here it is a pruned one that breaks a constraint, which they learn to keep away from.
And a trial that still runs counts by what it has reported (see `running_as_pruned`).
"""

import optuna
from optuna.trial import FrozenTrial, TrialState, create_trial

from garment_sweeps.search.running_as_pruned import RunningAsPruned
from garment_sweeps.search.sampler import SeededSampler
from garment_sweeps.study.history import Record

INFEASIBLE = "garment.infeasible"
"""Attribute of trials whose config proved untrainable."""
VIOLATIONS = "garment.violations"
"""Attribute: how far each constraint was exceeded, by its name; at most 0 where it is kept."""


class SeenStudy:
    """A study in memory that follows the history.

    Args:
        sampler: answers the questions.
        objectives: how many.
    """

    def __init__(self, sampler: SeededSampler, objectives: int) -> None:
        self._sampler = sampler
        directions = ["minimize"] * objectives
        storage = RunningAsPruned() if objectives == 1 else None
        self._study = optuna.create_study(sampler=sampler, directions=directions, storage=storage)
        self._trials: dict[int, optuna.Trial] = {}

    def add_known(
        self, params: dict, distributions: dict, values: tuple[float, ...], violations: dict[str, float] | None = None
    ) -> None:
        """A complete trial of an earlier sweep; `violations` are as an `Outcome` has them."""
        known = {"params": params, "distributions": distributions, "values": list(values)}
        self._study.add_trial(create_trial(**known, constraints=violations or None))

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
        return self._frozen(trial)

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
        values = list(record.values) if state == TrialState.COMPLETE else None
        if state == TrialState.PRUNED:
            self._forget_curve_of_several(trial)
        self._study._storage.set_trial_state_values(trial._trial_id, state, values)

    def _forget_curve_of_several(self, trial: optuna.Trial) -> None:
        """With several objectives a pruned trial's curve of one of them has no rank among the others."""
        if len(self._study.directions) > 1:
            self._study._storage._get_trial(trial._trial_id).intermediate_values = {}

    def _frozen(self, trial: optuna.Trial) -> FrozenTrial:
        return self._study._storage.get_trial(trial._trial_id)
