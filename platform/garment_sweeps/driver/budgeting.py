"""A sweep's budget and forecast, put together from what the driver knows."""

from typing import TYPE_CHECKING

from optuna.trial import TrialState

from garment_sweeps.budget.earlier import earlier_epochs
from garment_sweeps.budget.ledger import spent_seconds
from garment_sweeps.budget.outlook import Outlook, plan_of, planned_repeats
from garment_sweeps.budget.stop import BudgetStop
from garment_sweeps.driver.finalists import Repeats
from garment_sweeps.experiment import Experiment
from garment_sweeps.experiment.budget import Budget
from garment_sweeps.ray import nodes
from garment_sweeps.study.history import Record
from garment_sweeps.study.state import SweepState
from garment_sweeps.tracking.answers import is_of_mlflow
from garment_uv.training.trial import TrialConfig

if TYPE_CHECKING:
    from garment_sweeps.tracking.types import MlflowClient


def open_budget(experiment: Experiment, state: SweepState, known: Repeats, trials: int, budget: Budget) -> BudgetStop:
    """The stop for this session: earlier ones' seconds are spent, and the finals have something kept for them.

    Args:
        experiment: its resources and finals.
        state: of the sweep.
        known: repeats of finalists so far.
        trials: of the search in all.
        budget: the limits.
    """
    stop = BudgetStop(budget, experiment.devices, spent_seconds(state.log.read()), state.log.append)
    for name, record in _records(state, known):
        stop.ledger.known(name, _epochs(record), record.state != TrialState.RUNNING)
    stop.keep_for_finals(
        planned_repeats(experiment, trials) * experiment.epochs,
        experiment.finals.budget_share,
        bool(state.history.in_state(TrialState.COMPLETE)),
    )
    return stop


def open_outlook(
    experiment: Experiment,
    stop: BudgetStop,
    trials: int,
    base: TrialConfig,
    client: "MlflowClient | None" = None,
) -> Outlook:
    """The forecast of this session. Ray is connected.

    Args:
        experiment: what is searched.
        stop: with the epochs that earlier sessions measured.
        trials: of the search in all.
        base: with the dataset's URI as trials log it.
        client: of MLflow, to look at earlier sweeps; None looks at none.
    """
    places = nodes.places(experiment) or experiment.max_concurrent  # of a cluster whose nodes are still to come
    outlook = Outlook(plan_of(experiment, trials, places), stop.budget, stop.ledger)
    if client is not None and stop.ledger.epoch_seconds() is None:
        earlier = _earlier(client, experiment, base)
        if earlier is not None:
            outlook.earlier_seconds, outlook.earlier_words = earlier.seconds, earlier.words()
            stop.ledger.expect(earlier.seconds)
    return outlook


def search_is_over(state: SweepState, trials: int, stop: BudgetStop) -> bool:
    """Whether the finals may begin: all trials have ended, or the budget ended the search."""
    if stop.why():
        return True
    used_up = any(event["kind"] == "exhausted" for event in state.log.read())
    return not state.history.in_state(TrialState.RUNNING) and (used_up or len(state.history) >= trials)


def _earlier(client: "MlflowClient", experiment: Experiment, base: TrialConfig):
    try:
        return earlier_epochs(client, experiment, base)
    except Exception as error:
        if not is_of_mlflow(error):
            raise
        return None  # a forecast is not worth a sweep


def _records(state: SweepState, known: Repeats) -> list[tuple[str, Record]]:
    trials = [(record.name, record) for record in state.history.records]
    return trials + [(entry.name, entry.record) for entry in known.known()]


def _epochs(record: Record) -> int:
    return max([int(record.attrs.get("garment.epoch", 0)), *record.curve])
