"""Runs or continues a sweep: everything is tried first, then its state is opened, then its driver runs what is left."""

import os
from collections.abc import Callable
from dataclasses import replace

from garment_sweeps.driver.report import SweepReport
from garment_sweeps.experiment import Experiment
from garment_sweeps.ray.session import ray_starting
from garment_sweeps.settings.environment import Settings
from garment_sweeps.settings.names import checked_name
from garment_sweeps.study.spec import SweepRequest, SweepSpec
from garment_sweeps.study.state import sweep_state
from garment_sweeps.trials.work import OpenWork

AS_IT_IS = SweepRequest()


def run(
    experiment: Experiment | Callable[[], Experiment],
    request: SweepRequest = AS_IT_IS,
    settings: Settings | None = None,
    open_work: OpenWork | None = None,
    tracked: bool = True,
) -> SweepReport:
    """Runs or continues a sweep and returns how it stands.

    The study and the decision log beside it are the one truth: on resume nothing is read from Tune's snapshots.
    Finished trials stay finished, those that were running go on from their newest whole checkpoint under their own
    name, and the scheduler is rebuilt from the log.

    Args:
        experiment: what to search. A function that gives it is called only where there is no sweep to go on with, and
            a sweep that goes on then does so with the experiment it was begun with.
        request: name, number of trials, budget and the like, and whether to go on with a sweep.
        settings: from the environment by default.
        open_work: opens what trials do in place of training, to measure the machinery.
        tracked: False leaves MLflow out, for such measurements.

    Raises:
        UserError: the name is taken, another driver runs the sweep, a given value is not the one that it was begun
            with, the cluster is not ready, dataset, study database, MLflow or Ray cannot be reached, or trials fail one
            after the other for a reason that is not theirs.
    """
    loaded = experiment if isinstance(experiment, Experiment) else None
    name = checked_name(request.name or (loaded or experiment()).name)  # type: ignore[operator]
    request = replace(request, name=name, experiment=loaded, otherwise=None if loaded else experiment)  # type: ignore[arg-type]
    settings = settings or Settings.from_environment()
    os.environ["GARMENT_HOME"] = str(settings.home)
    with ray_starting(settings.ray_address, at_once=not request.resume) as link:
        from garment_sweeps.driver.driver import Driver
        from garment_sweeps.driver.readiness import Readiness

        ready = Readiness(settings, request, link, trains=open_work is None, tracked=tracked)
        if not request.resume:
            ready.check_sources(SweepSpec.new(request))
        with sweep_state(settings, request, ready) as state:
            return Driver(settings, state, link, open_work).run(request, tracked)
