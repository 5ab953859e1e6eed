"""Runs or continues a sweep: everything is tried first, then its state is opened, then its driver runs what is left."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from garment_sweeps.driver.report import SweepReport
from garment_sweeps.experiment import Experiment
from garment_sweeps.experiment.budget import Budget
from garment_sweeps.ray.session import ray_starting
from garment_sweeps.settings.environment import Settings
from garment_sweeps.settings.names import checked_name
from garment_sweeps.study.spec import Given, SweepSpec
from garment_sweeps.study.state import Opening, sweep_state


def run_sweep(
    experiment: Experiment | Callable[[], Experiment],
    name: str | None = None,
    trials: int | None = None,
    resume: bool = False,
    budget: Budget | None = None,
    warm_start: tuple[str, ...] = (),
    overrides: dict[str, Any] | None = None,
    overwrite: bool = False,
    accept_code: bool = False,
    settings: Settings | None = None,
    work: Literal["train", "tabulated"] = "train",
    seconds_per_epoch: float = 0.0,
    tracked: bool = True,
    experiment_file: Path | None = None,
) -> SweepReport:
    """Runs or continues a sweep and returns how it stands.

    The study and the decision log beside it are the one truth: on resume nothing is read from Tune's snapshots.
    Finished trials stay finished, those that were running go on from their newest whole checkpoint under their own
    name, and the scheduler is rebuilt from the log.

    Args:
        experiment: what to search. A function that gives it is called only where there is no sweep to go on with, and
            a sweep that goes on then does so with the experiment it was begun with.
        name: of the sweep; the experiment's name by default.
        trials: how many in all, instead of the experiment's number, or of what the sweep had before.
        resume: continue the sweep of that name if there is one; without it a taken name is refused.
        budget: limits beside the number of trials; by default those that the sweep had before.
        warm_start: names of earlier sweeps whose results or best configs give this one a head start.
        overrides: what of the experiment's base config was changed by the caller, path to value; kept for the record.
        overwrite: remove what bears the name, and begin.
        accept_code: continue although the sweep was last run by other code.
        settings: from the environment by default.
        work: 'tabulated' replaces training by a made-up curve, to measure the machinery.
        seconds_per_epoch: of tabulated work.
        tracked: False leaves MLflow out, for such measurements.
        experiment_file: from which the experiment was loaded; MLflow keeps its text.

    Raises:
        UserError: the name is taken, another driver runs the sweep, a given value is not the one that it was begun
            with, the cluster is not ready, dataset, study database, MLflow or Ray cannot be reached, or trials fail one
            after the other for a reason that is not theirs.
    """
    loaded = experiment if isinstance(experiment, Experiment) else None
    name = checked_name(name or (loaded or experiment()).name)
    settings = settings or Settings.from_environment()
    os.environ["GARMENT_HOME"] = str(settings.home)
    given = Given(loaded, trials, budget, warm_start, overrides or {}, None if loaded else experiment)
    with ray_starting(settings.ray_address, at_once=not resume) as link:
        from garment_sweeps.driver.driver import Driver
        from garment_sweeps.driver.readiness import Readiness

        ready = Readiness(settings, name, given, work, tracked, link, overwrite)
        if not resume:
            ready.check_sources(SweepSpec.new(given))
        opening = Opening(resume, overwrite, accept_code, ready.head_start, ready.work_left, ready.check)
        with sweep_state(settings, name, given, opening) as state:
            return Driver(settings, state, link, work, seconds_per_epoch).run(tracked, overwrite, experiment_file)
