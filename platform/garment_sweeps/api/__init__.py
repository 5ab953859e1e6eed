"""What the package shows: run a sweep, read its results, load a model."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from garment_sweeps.experiment import Experiment
from garment_sweeps.ray.session import ray_starting
from garment_sweeps.settings.environment import Settings
from garment_sweeps.settings.names import checked_name
from garment_sweeps.study.spec import SweepRequest
from garment_sweeps.trials.work import OpenWork

if TYPE_CHECKING:
    from garment_sweeps.comparison.leaderboard import Leaderboard
    from garment_sweeps.driver.report import SweepReport
    from garment_uv.inference.reconstructor import Reconstructor

__all__ = ["load", "results", "run"]

AS_IT_IS = SweepRequest()


def run(
    experiment: Experiment | Callable[[], Experiment],
    request: SweepRequest = AS_IT_IS,
    settings: Settings | None = None,
    open_work: OpenWork | None = None,
    tracked: bool = True,
) -> "SweepReport":
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

    def wanted() -> Experiment:
        return experiment if isinstance(experiment, Experiment) else experiment()

    name = checked_name(request.name or wanted().name)
    if request.resume and not isinstance(experiment, Experiment):
        given = replace(request, name=name, experiment=None, otherwise=experiment)
    else:
        given = replace(request, name=name, experiment=wanted(), otherwise=None)
    settings = settings or Settings.from_environment()
    os.environ["GARMENT_HOME"] = str(settings.home)
    with ray_starting(settings.ray_address, at_once=not request.resume) as link:
        from garment_sweeps.driver.driver import run_sweep

        return run_sweep(given, settings, link, open_work, tracked)


def results(sweep: str) -> "Leaderboard":
    """The sweep's trials, ranked, beside the baselines; UserError where MLflow knows of no such sweep."""
    from garment_sweeps.comparison.leaderboard import leaderboard

    return leaderboard(sweep)


def load(model: str = "champion", smpl_dir: Path | None = None) -> "Reconstructor":
    """The model in a folder, or the champion, ready to reconstruct garments from pictures.

    Args:
        model: a folder, or 'champion'.
        smpl_dir: your SMPL files, where the model's body needs them.

    Raises:
        UserError: there is no such model.
    """
    from garment_sweeps.promotion.evaluate import model_folder
    from garment_uv.inference.reconstructor import Reconstructor

    return Reconstructor(model_folder(model), smpl_dir)
