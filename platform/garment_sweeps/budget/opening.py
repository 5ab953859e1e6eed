"""A sweep's forecast as its session begins, and what its budget keeps for the finals."""

from typing import TYPE_CHECKING

from optuna.trial import TrialState

from garment_sweeps.budget.earlier import earlier_epochs
from garment_sweeps.budget.forecast import Outlook, Plan
from garment_sweeps.budget.stop import BudgetStop
from garment_sweeps.study.state import SweepState
from garment_sweeps.tracking.answers import is_of_mlflow
from garment_uv.training.trial import TrialConfig

if TYPE_CHECKING:
    from garment_sweeps.tracking.types import MlflowClient


def open_outlook(
    state: SweepState, budget: BudgetStop, places: int, client: "MlflowClient | None", base: TrialConfig
) -> Outlook:
    """The forecast of this session; from now on the budget keeps something for the finals.

    Args:
        state: of the sweep.
        budget: of the sweep.
        places: trials that the cluster holds at once; 0 where its nodes are still to come.
        client: of MLflow, where earlier sweeps say how long an epoch takes as long as nothing was measured; None does
            not ask.
        base: what every trial begins with, as MLflow knows it.
    """
    experiment = state.spec.experiment
    plan = Plan.of(experiment, state.spec.trials, places or experiment.max_concurrent)
    complete = bool(state.history.in_state(TrialState.COMPLETE))
    budget.keep_for_finals(plan.repeats * experiment.epochs, experiment.finals.budget_share, complete)
    outlook = Outlook(plan, budget.budget, budget.ledger)
    if client is not None and budget.ledger.epoch_seconds() is None:
        try:
            earlier = earlier_epochs(client, experiment, base)
        except Exception as error:
            if not is_of_mlflow(error):
                raise
            earlier = None  # a forecast is not worth a sweep
        if earlier is not None:
            outlook.earlier_seconds, outlook.earlier_words = earlier.seconds, earlier.words()
            budget.ledger.expect(earlier.seconds)
    return outlook
