"""Running trials as a sampler should see them: as far as they have come.

Optuna's samplers know a running trial only as one to keep away from (constant liar), whatever it has reported, while a
stopped one counts by its newest epoch. Beside a scheduler that stops early this turns things around in the first half
of a sweep: all that is known to be good still runs and counts as bad, and the best of what was stopped counts as good.
"""

import copy
from collections.abc import Container

from optuna.storages import InMemoryStorage
from optuna.trial import FrozenTrial, TrialState


class RunningAsPruned(InMemoryStorage):
    """Trials in memory; in lists of them, a running one that has reported stands as if stopped at its newest epoch.

    So it ranks by the epoch that it has reached and then by its value, as those that were stopped do. One that has not
    reported is shown as running. For studies of one objective: curves are of the first one.
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
