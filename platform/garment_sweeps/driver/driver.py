"""One open sweep from its first trial of this session to its report, and every end of it told to MLflow."""

from functools import partial

from garment_sweeps.driver.budgeting import open_budget, open_outlook, search_is_over
from garment_sweeps.driver.open_sweep import OpenSweep
from garment_sweeps.driver.report import SweepReport
from garment_sweeps.driver.reporting import sweep_report
from garment_sweeps.driver.sweep_tracking import SweepTracking
from garment_sweeps.ray.session import RayLink
from garment_sweeps.search.finalists import repeats_left
from garment_sweeps.settings.environment import Settings
from garment_sweeps.settings.patience import patiently
from garment_sweeps.study.repeats import Repeats
from garment_sweeps.study.spec import SweepRequest
from garment_sweeps.study.state import SweepState
from garment_sweeps.trials.work import OpenWork

LOG_WAIT_S = 10.0
"""How long the end of a session waits for its last decisions to reach the database, to hand their log to MLflow."""


class Driver:
    """Runs what is left of a sweep.

    Args:
        settings: of this machine or job.
        state: of the sweep, held.
        link: to Ray; connected where there is something to run.
        open_work: opens what the trials do; None for training.
    """

    def __init__(self, settings: Settings, state: SweepState, link: RayLink, open_work: OpenWork | None = None) -> None:
        self._settings = settings
        self._state = state
        self._link = link
        self._open_work = open_work
        self._repeats = Repeats(state)

    def run(self, request: SweepRequest, tracked: bool = True) -> SweepReport:
        """Search and finals, as far as they are left, told to MLflow where they are `tracked`.

        Raises:
            UserError: MLflow does not answer, or trials fail one after the other.
        """
        if not tracked:
            return self._run(self._opened(None))
        state = self._state
        begin = partial(SweepTracking.start, state.spec.experiment, request, state.claim.study)
        tracking = patiently(begin, goes_on=state.session > 0)
        try:
            sweep = self._opened(tracking)
            tracking.watch(sweep.context, lambda: [*state.history.records, *self._repeats.known()], state.lease.check)
            report = self._run(sweep)
        except BaseException as error:
            self._tell_end(tracking, error)
            raise
        if state.journal.written(LOG_WAIT_S):
            tracking.keep(state.keep_log())
        if tracking.finish(report) and self._open_work is None:
            _say_comparison(request.name)
        return report

    def _opened(self, tracking: SweepTracking | None) -> OpenSweep:
        budget = open_budget(self._state, self._repeats)
        return OpenSweep(self._settings, self._state, self._repeats, budget, tracking, self._open_work)

    def _run(self, sweep: OpenSweep) -> SweepReport:
        if sweep.state.open_trials(sweep.trials) or repeats_left(sweep.state, sweep.repeats):
            if sweep.tracking and sweep.open_work is None:
                sweep.tracking.log_baselines(sweep.context.base)
            _search_and_finals(sweep)
        return sweep_report(sweep)

    def _tell_end(self, tracking: SweepTracking, error: BaseException) -> None:
        """Closes the runs as what they are, once no trial writes to them any more; a successor's are left alone."""
        self._link.disconnect()
        if self._state.taken_over():
            tracking.close()
            return
        stopped = isinstance(error, KeyboardInterrupt | SystemExit)
        reason = "stopped from outside" if stopped else str(error)
        tracking.abort("killed" if stopped else "failed", reason)


def _search_and_finals(sweep: OpenSweep) -> None:
    from garment_sweeps.driver.finals import run_finals
    from garment_sweeps.driver.tune_run import run_search
    from garment_sweeps.ray.nodes import trial_places

    places = trial_places(sweep.experiment, sweep.settings)
    outlook = open_outlook(sweep)
    for line in outlook.before(sweep.budget.gpu_hours()):
        print(line, flush=True)
    if sweep.state.open_trials(sweep.trials):
        run_search(sweep, places, outlook)
    if search_is_over(sweep.state, sweep.budget):
        run_finals(sweep, places, outlook)


def _say_comparison(name: str) -> None:
    """Logs the page that compares the sweep's best trials, and says where it is, or why there is none."""
    from garment_sweeps.comparison.compare import compare_at_end

    print(compare_at_end(name), flush=True)
