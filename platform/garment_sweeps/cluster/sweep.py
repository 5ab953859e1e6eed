"""Runs a sweep: the study suggests, Tune schedules, trials train and track, and the driver only holds them together."""

import os
from typing import TYPE_CHECKING, Literal

import optuna
from optuna.trial import TrialState

from garment_sweeps.budget import Budget
from garment_sweeps.cluster.lock import sweep_lock
from garment_sweeps.cluster.names import checked_name
from garment_sweeps.cluster.report import SweepReport
from garment_sweeps.cluster.session import quiet_ray, ray_session
from garment_sweeps.cluster.settings import Settings, dataset_uri
from garment_sweeps.cluster.sweep_tracking import SweepTracking
from garment_sweeps.search.study import DEVICE_SECONDS, next_session, open_storage, open_study, started, trial_name
from garment_sweeps.spaces import Experiment
from garment_sweeps.trials.context import TrialContext

if TYPE_CHECKING:
    from garment_sweeps.budget.stop import BudgetStop


def run_sweep(
    experiment: Experiment,
    name: str | None = None,
    trials: int | None = None,
    resume: bool = False,
    budget: Budget | None = None,
    settings: Settings | None = None,
    work: Literal["train", "tabulated"] = "train",
    seconds_per_epoch: float = 0.0,
    tracked: bool = True,
) -> SweepReport:
    """Runs or continues a sweep and returns how it stands.

    The study is the one truth: on resume nothing is read from Tune's snapshots. Finished trials stay finished, those
    that were running go on from their newest whole checkpoint under their own name, and ASHA's rungs are rebuilt.

    Args:
        experiment: what to search.
        name: of the sweep; the experiment's name by default.
        trials: how many in all, instead of the experiment's number.
        resume: continue the sweep of that name if there is one; without it a taken name is refused.
        budget: limits beside the number of trials.
        settings: from the environment by default.
        work: 'tabulated' replaces training by a made-up curve, to measure the machinery.
        seconds_per_epoch: of tabulated work.
        tracked: False leaves MLflow out, for such measurements.

    Raises:
        UserError: the name is taken, another process runs it, dataset, study database, MLflow or Ray cannot be
            reached, or trials fail one after the other for a reason that is not theirs.
    """
    name = checked_name(name or experiment.name)
    settings = settings or Settings.from_environment()
    os.environ["GARMENT_HOME"] = str(settings.home)
    source = dataset_uri(experiment.base.data.uri, settings.home)
    if work == "train":
        _dataset_version(source)  # a wrong URI is said before anything is started
    with sweep_lock(settings.home, name):
        storage = open_storage(settings.study_url)
        study = open_study(storage, name, experiment, resume)
        tracking = SweepTracking.start(experiment, name) if tracked else None
        context = TrialContext(
            sweep=name,
            session=next_session(study),
            base=experiment.base.with_values({"data.uri": source}),
            metric=experiment.metric,
            checkpoint_every=experiment.checkpoint_every,
            storage=settings.storage,
            home=str(settings.home),
            cpus=experiment.resources.cpus,
            tracking=tracking.config if tracking else None,
            work=work,
            seconds_per_epoch=seconds_per_epoch,
        )
        report = _run(experiment, study, trials or experiment.trials, budget or Budget(), settings, context, tracking)
        if tracking:
            tracking.finish(report, study)
    return report


def _run(
    experiment: Experiment,
    study: optuna.Study,
    trials: int,
    budget: Budget,
    settings: Settings,
    context: TrialContext,
    tracking: SweepTracking | None,
) -> SweepReport:
    quiet_ray()  # before Ray is imported: it reads its environment then
    from garment_sweeps.budget.stop import BudgetStop

    stop = BudgetStop(budget, experiment.resources.gpus, _seconds_spent(study))
    if _open_trials(study, trials):
        from garment_sweeps.cluster.tune_run import run_trials

        with ray_session(settings.ray_address):
            if tracking and context.work == "train":
                tracking.log_baselines(context.base)
            run_trials(experiment, study, trials, stop, settings, context)
    return _report(study, stop)


def _open_trials(study: optuna.Study, trials: int) -> int:
    known = started(study)
    return sum(t.state == TrialState.RUNNING for t in known) + max(0, trials - len(known))


def _seconds_spent(study: optuna.Study) -> dict[str, float]:
    return {trial_name(t.number): float(t.user_attrs.get(DEVICE_SECONDS, 0.0)) for t in started(study)}


def _report(study: optuna.Study, stop: "BudgetStop") -> SweepReport:
    known = started(study)
    complete = [t for t in known if t.state == TrialState.COMPLETE]
    best = min(complete, key=lambda t: (t.value, t.number), default=None)
    return SweepReport(
        name=study.study_name,
        complete=len(complete),
        pruned=sum(t.state == TrialState.PRUNED for t in known),
        failed=sum(t.state == TrialState.FAIL for t in known),
        interrupted=sum(t.state == TrialState.RUNNING for t in known),
        best_mm=best.value if best else None,
        best_trial=trial_name(best.number) if best else "",
        gpu_hours=stop.gpu_hours(),
        stopped_because=stop.why(),
    )


def _dataset_version(uri: str) -> str:
    from garment_sweeps.shards import open_source

    return open_source(uri).manifest.digest()
