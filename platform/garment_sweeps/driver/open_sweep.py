"""A sweep that this driver holds open: made once, and handed whole to all that run a part of it."""

from dataclasses import dataclass, field
from functools import cached_property

from optuna.trial import TrialState

from garment_sweeps.budget.ledger import spent_seconds
from garment_sweeps.budget.stop import BudgetStop
from garment_sweeps.driver.sweep_tracking import SweepTracking
from garment_sweeps.experiment import Experiment
from garment_sweeps.search.finalists import repeats_left
from garment_sweeps.settings.environment import Settings
from garment_sweeps.settings.names import dataset_uri
from garment_sweeps.study.repeats import Repeat, Repeats
from garment_sweeps.study.state import SweepState
from garment_sweeps.trials.context import TrialContext
from garment_sweeps.trials.work import OpenWork


@dataclass
class OpenSweep:
    """Everything of one sweep in one session. The state's log is the truth; all else follows it."""

    settings: Settings
    """Of this machine or job: where the storage is."""
    state: SweepState
    """What the sweep was begun with, its log, its study, and the right to write to them."""
    tracking: SweepTracking | None = None
    """The sweep's run in MLflow; None where nothing is tracked."""
    open_work: OpenWork | None = None
    """Opens what trials do; None for training."""
    repeats: Repeats = field(init=False)
    """Of finalists."""
    budget: BudgetStop = field(init=False)
    """What was spent and may be, by the session's clock, which begins with this object."""

    def __post_init__(self) -> None:
        self.repeats = Repeats(self.state)
        self.budget = open_budget(self.state, self.repeats)

    @property
    def experiment(self) -> Experiment:
        """What is searched, overrides included."""
        return self.state.spec.experiment

    @property
    def trials(self) -> int:
        """Of the search in all."""
        return self.state.spec.trials

    @property
    def trials_left(self) -> int:
        """Of the search: those that are still to be run or to go on."""
        return self.state.open_trials(self.trials)

    @property
    def repeats_left(self) -> list[Repeat]:
        """Of finalists, as the search stands now."""
        return repeats_left(self.state, self.repeats)

    @cached_property
    def context(self) -> TrialContext:
        """What every trial is told."""
        state, experiment = self.state, self.experiment
        return TrialContext(
            sweep=state.study.study_name,
            session=state.session,
            base=experiment.base.with_values({"data.uri": dataset_uri(experiment.base.data.uri, self.settings.home)}),
            metric=experiment.metric,
            checkpoint_every=experiment.checkpoint_every,
            storage=self.settings.storage,
            claim=state.claim,
            codes=state.codes,
            home=str(self.settings.home),
            cpus=experiment.resources.cpus,
            tracking=self.tracking.config if self.tracking else None,
        )


def open_budget(state: SweepState, repeats: Repeats) -> BudgetStop:
    """The budget in this session, in which the seconds of earlier ones are spent."""
    spec, log = state.spec, state.log
    budget = BudgetStop(spec.budget, spec.experiment.devices, spent_seconds(log.read()), log.append)
    for record in (*state.history.records, *repeats.known()):
        epochs = max([int(record.attrs.get("garment.epoch", 0)), *record.curve])
        budget.ledger.known(record.name, epochs, record.state != TrialState.RUNNING)
    return budget
