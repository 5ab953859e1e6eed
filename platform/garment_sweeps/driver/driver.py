"""One sweep from the moment that it is asked for to its report, and every end of it told to MLflow."""

from collections.abc import Iterator
from contextlib import contextmanager

from garment_sweeps.driver.open_sweep import OpenSweep
from garment_sweeps.driver.readiness import Readiness
from garment_sweeps.driver.report import SweepReport, sweep_report
from garment_sweeps.driver.sweep_tracking import SweepTracking
from garment_sweeps.ray.session import RayLink
from garment_sweeps.settings.environment import Settings
from garment_sweeps.settings.masking import first_line
from garment_sweeps.study.spec import SweepRequest
from garment_sweeps.study.state import SweepState, sweep_state
from garment_sweeps.trials.work import OpenWork

LOG_WAIT_S = 10.0
"""How long the end of a session waits for its last decisions to reach the database, to hand their log to MLflow."""


def run_sweep(
    request: SweepRequest, settings: Settings, link: RayLink, open_work: OpenWork | None = None, tracked: bool = True
) -> SweepReport:
    """Tries everything, opens the sweep and runs what is left of it (see `garment_sweeps.run`)."""
    ready = Readiness(settings, request, link, trains=open_work is None, tracked=tracked)
    if request.experiment and not request.resume:
        ready.check_sources(request.experiment)
    with sweep_state(settings, request, ready) as state:
        if not tracked:
            return _run(OpenSweep(settings, state, None, open_work))
        with _tracking(request, state, link) as tracking:
            sweep = OpenSweep(settings, state, tracking, open_work)
            tracking.watch(sweep.context, lambda: [*state.history.records, *sweep.repeats.known()], state.lease.check)
            report = _run(sweep)
        if state.journal.written(LOG_WAIT_S):
            tracking.keep(state.keep_log())
        if tracking.finish(report.status, report.summary()) and open_work is None:
            from garment_sweeps.comparison.compare import compare_at_end

            print(compare_at_end(request.name), flush=True)
    return report


def _run(sweep: OpenSweep) -> SweepReport:
    """Search and finals, as far as they are left."""
    if sweep.trials_left or sweep.repeats_left:
        from garment_sweeps.driver.search_and_finals import search_and_finals

        if sweep.tracking and sweep.open_work is None:
            sweep.tracking.log_baselines(sweep.context)
        search_and_finals(sweep)
    return sweep_report(sweep)


@contextmanager
def _tracking(request: SweepRequest, state: SweepState, link: RayLink) -> Iterator[SweepTracking]:
    """The sweep's run in MLflow, of which every end but a good one is told.

    That is done once no trial writes to its own run any more; the runs of a successor are left alone.
    """
    tracking = SweepTracking.start(state.spec.experiment, request, state.claim.study, goes_on=state.session > 0)
    try:
        yield tracking
    except BaseException as error:
        link.disconnect()
        stopped = isinstance(error, KeyboardInterrupt | SystemExit)
        if state.taken_over():
            tracking.close()
        else:
            reason = "stopped from outside" if stopped else first_line(str(error))
            tracking.finish("killed" if stopped else "failed", {"reason": reason})
        raise
