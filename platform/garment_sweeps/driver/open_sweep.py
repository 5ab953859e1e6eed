"""A sweep that this driver holds open: made once, and handed whole to all that run a part of it."""

from dataclasses import dataclass
from functools import cached_property

from garment_sweeps.budget.stop import BudgetStop
from garment_sweeps.driver.sweep_tracking import SweepTracking
from garment_sweeps.experiment import Experiment
from garment_sweeps.settings.datasets import dataset_uri
from garment_sweeps.settings.environment import Settings
from garment_sweeps.study.repeats import Repeats
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
    repeats: Repeats
    """Of finalists."""
    budget: BudgetStop
    """What was spent and may be, by the session's clock."""
    tracking: SweepTracking | None = None
    """The sweep's run in MLflow; None where nothing is tracked."""
    open_work: OpenWork | None = None
    """Opens what trials do; None for training."""

    @property
    def name(self) -> str:
        """Of the sweep."""
        return self.state.study.study_name

    @property
    def experiment(self) -> Experiment:
        """What is searched, overrides included."""
        return self.state.spec.experiment

    @property
    def trials(self) -> int:
        """Of the search in all."""
        return self.state.spec.trials

    @cached_property
    def context(self) -> TrialContext:
        """What every trial is told."""
        state, experiment = self.state, self.experiment
        return TrialContext(
            sweep=self.name,
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
