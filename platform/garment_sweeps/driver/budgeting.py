"""A sweep's budget and forecast, put together from what the driver knows."""

from typing import TYPE_CHECKING

from optuna.trial import TrialState

from garment_sweeps.budget.earlier import earlier_epochs
from garment_sweeps.budget.forecast import Outlook, Plan, planned_repeats
from garment_sweeps.budget.ledger import spent_seconds
from garment_sweeps.budget.stop import BudgetStop
from garment_sweeps.driver.open_sweep import OpenSweep
from garment_sweeps.experiment import Experiment
from garment_sweeps.ray import nodes
from garment_sweeps.study.history import Record
from garment_sweeps.study.repeats import Repeats
from garment_sweeps.study.state import SweepState
from garment_sweeps.tracking.answers import is_of_mlflow
from garment_uv.training.trial import TrialConfig

if TYPE_CHECKING:
    from garment_sweeps.tracking.types import MlflowClient


def open_budget(state: SweepState, known: Repeats) -> BudgetStop:
    """The stop for this session: earlier ones' seconds are spent, and the finals have something kept for them."""
    spec, experiment = state.spec, state.spec.experiment
    stop = BudgetStop(spec.budget, experiment.devices, spent_seconds(state.log.read()), state.log.append)
    for record in (*state.history.records, *known.known()):
        stop.ledger.known(record.name, _epochs(record), record.state != TrialState.RUNNING)
    stop.keep_for_finals(
        planned_repeats(experiment, spec.trials) * experiment.epochs,
        experiment.finals.budget_share,
        bool(state.history.in_state(TrialState.COMPLETE)),
    )
    return stop


def open_outlook(sweep: OpenSweep) -> Outlook:
    """The forecast of this session, by earlier sweeps in MLflow where nothing was measured yet. Ray is connected."""
    experiment, ledger = sweep.experiment, sweep.budget.ledger
    places = nodes.places(experiment) or experiment.max_concurrent  # of a cluster whose nodes are still to come
    outlook = Outlook(Plan.of(experiment, sweep.trials, places), sweep.budget.budget, ledger)
    if sweep.tracking is not None and ledger.epoch_seconds() is None:
        earlier = _earlier(sweep.tracking.run.client, experiment, sweep.context.base)
        if earlier is not None:
            outlook.earlier_seconds, outlook.earlier_words = earlier.seconds, earlier.words()
            ledger.expect(earlier.seconds)
    return outlook


def search_is_over(state: SweepState, stop: BudgetStop) -> bool:
    """Whether the finals may begin: all trials have ended, or the budget ended the search."""
    if stop.why():
        return True
    used_up = any(event["kind"] == "exhausted" for event in state.log.read())
    return not state.history.in_state(TrialState.RUNNING) and (used_up or len(state.history) >= state.spec.trials)


def _earlier(client: "MlflowClient", experiment: Experiment, base: TrialConfig):
    try:
        return earlier_epochs(client, experiment, base)
    except Exception as error:
        if not is_of_mlflow(error):
            raise
        return None  # a forecast is not worth a sweep


def _epochs(record: Record) -> int:
    return max([int(record.attrs.get("garment.epoch", 0)), *record.curve])
