"""One open sweep from its first trial of this session to its report, and every end of it told to MLflow."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from garment_sweeps.driver.finalists import Repeats, repeats_left
from garment_sweeps.driver.report import SweepReport, sweep_report
from garment_sweeps.driver.sweep_tracking import SweepTracking
from garment_sweeps.ray.session import RayLink
from garment_sweeps.settings.datasets import dataset_uri
from garment_sweeps.settings.environment import Settings
from garment_sweeps.settings.patience import patiently
from garment_sweeps.study.state import SweepState
from garment_sweeps.trials.context import TrialContext

if TYPE_CHECKING:
    from garment_sweeps.budget.stop import BudgetStop

LOG_WAIT_S = 10.0
"""How long the end of a session waits for its last decisions to reach the database, to hand their log to MLflow."""


class Driver:
    """Runs what is left of a sweep.

    Args:
        settings: of this machine or job.
        state: of the sweep, held.
        link: to Ray; connected where there is something to run.
        work: what the trials do (see `TrialContext.work`).
        seconds_per_epoch: of tabulated work.
    """

    def __init__(
        self,
        settings: Settings,
        state: SweepState,
        link: RayLink,
        work: Literal["train", "tabulated"],
        seconds_per_epoch: float,
    ) -> None:
        self._settings = settings
        self._state = state
        self._link = link
        self._work = work
        self._seconds_per_epoch = seconds_per_epoch
        self._repeats = Repeats(state)

    def run(self, tracked: bool, overwrite: bool = False, experiment_file: Path | None = None) -> SweepReport:
        """Search and finals, as far as they are left.

        Args:
            tracked: whether MLflow is told.
            overwrite: whether runs of the sweep's name in MLflow are removed first.
            experiment_file: from which the experiment was loaded; MLflow keeps its text.

        Raises:
            UserError: MLflow does not answer, or trials fail one after the other.
        """
        if not tracked:
            return self._report(None, self._context(None))
        spec, name = self._state.spec, self._state.study.study_name
        study = self._state.claim.study
        begin = partial(SweepTracking.start, spec.experiment, name, study, experiment_file, overwrite)
        tracking = patiently(begin, goes_on=self._state.session > 0)
        context = self._context(tracking)
        tracking.watch(context, lambda: [*self._state.history.records, *self._repeats.known()], self._state.check)
        try:
            report = self._report(tracking, context)
        except BaseException as error:
            self._tell_end(tracking, error)
            raise
        if self._state.journal.written(LOG_WAIT_S):
            tracking.keep(self._state.keep_log())
        if tracking.finish(report) and self._work == "train":
            _say_comparison(name)
        return report

    def _context(self, tracking: SweepTracking | None) -> TrialContext:
        state, experiment = self._state, self._state.spec.experiment
        return TrialContext(
            sweep=state.study.study_name,
            session=state.session,
            base=experiment.base.with_values({"data.uri": dataset_uri(experiment.base.data.uri, self._settings.home)}),
            metric=experiment.metric,
            checkpoint_every=experiment.checkpoint_every,
            storage=self._settings.storage,
            claim=state.claim,
            codes=state.codes,
            home=str(self._settings.home),
            cpus=experiment.resources.cpus,
            tracking=tracking.config if tracking else None,
            work=self._work,
            seconds_per_epoch=self._seconds_per_epoch,
        )

    def _report(self, tracking: SweepTracking | None, context: TrialContext) -> SweepReport:
        from garment_sweeps.driver.budgeting import open_budget

        state, spec = self._state, self._state.spec
        stop = open_budget(spec.experiment, state, self._repeats, spec.trials, spec.budget)
        if state.open_trials(spec.trials) or repeats_left(spec.experiment, state, self._repeats):
            if tracking and self._work == "train":
                tracking.log_baselines(context.base)
            self._search_and_finals(stop, context, tracking)
        metric = spec.experiment.metric
        class_mean = tracking.baseline_mm("class_mean_displacement", metric) if tracking else None
        return sweep_report(spec.experiment, state, self._repeats, stop, class_mean)

    def _search_and_finals(self, stop: "BudgetStop", context: TrialContext, tracking: SweepTracking | None) -> None:
        from garment_sweeps.driver.budgeting import open_outlook, search_is_over
        from garment_sweeps.driver.finals import run_finals
        from garment_sweeps.driver.tune_run import run_trials
        from garment_sweeps.ray.nodes import trial_places

        state, experiment, trials = self._state, self._state.spec.experiment, self._state.spec.trials
        places = trial_places(experiment, self._settings)
        client = tracking.run.client if tracking else None
        outlook = open_outlook(experiment, stop, trials, context.base, client)
        for line in outlook.before(stop.gpu_hours()):
            print(line, flush=True)
        if state.open_trials(trials):
            run_trials(experiment, state, trials, stop, places, context, outlook)
        if search_is_over(state, trials, stop):
            run_finals(experiment, state, self._repeats, stop, places, context, outlook)

    def _tell_end(self, tracking: SweepTracking, error: BaseException) -> None:
        """Closes the runs as what they are, once no trial writes to them any more; a successor's are left alone."""
        self._link.disconnect()
        if self._state.taken_over():
            tracking.close()
            return
        stopped = isinstance(error, KeyboardInterrupt | SystemExit)
        reason = "stopped from outside" if stopped else str(error)
        tracking.abort("killed" if stopped else "failed", reason)


def _say_comparison(name: str) -> None:
    """Logs the page that compares the sweep's best trials, and says where it is, or why there is none."""
    from garment_sweeps.comparison.compare import compare_at_end

    print(compare_at_end(name), flush=True)
