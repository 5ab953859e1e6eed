"""Runs a sweep: the study suggests, Tune schedules, trials train and track, and the driver only holds them together."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from garment_sweeps.budget import Budget
from garment_sweeps.cluster.finalists import Repeats, repeats_left
from garment_sweeps.cluster.names import checked_name
from garment_sweeps.cluster.patience import patiently
from garment_sweeps.cluster.report import SweepReport, sweep_report
from garment_sweeps.cluster.session import ray_starting
from garment_sweeps.cluster.settings import Settings, dataset_uri
from garment_sweeps.cluster.state import SweepState, sweep_state
from garment_sweeps.cluster.sweep_tracking import SweepTracking
from garment_sweeps.search.warm_start import HeadStart, head_start
from garment_sweeps.spaces import Experiment
from garment_sweeps.tracking import tracking_client
from garment_sweeps.trials.context import TrialContext

if TYPE_CHECKING:
    from garment_sweeps.budget.stop import BudgetStop

LOG_WAIT_S = 10.0
"""How long the end of a session waits for its last decisions to reach the database, to hand their log to MLflow."""


def run_sweep(
    experiment: Experiment,
    name: str | None = None,
    trials: int | None = None,
    resume: bool = False,
    budget: Budget | None = None,
    warm_start: tuple[str, ...] = (),
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
        experiment: what to search.
        name: of the sweep; the experiment's name by default.
        trials: how many in all, instead of the experiment's number.
        resume: continue the sweep of that name if there is one; without it a taken name is refused.
        budget: limits beside the number of trials.
        warm_start: names of earlier sweeps whose results or best configs give this one a head start.
        settings: from the environment by default.
        work: 'tabulated' replaces training by a made-up curve, to measure the machinery.
        seconds_per_epoch: of tabulated work.
        tracked: False leaves MLflow out, for such measurements.
        experiment_file: from which the experiment was loaded; MLflow keeps its text.

    Raises:
        UserError: the name is taken, another driver runs it, dataset, study database, MLflow or Ray cannot be
            reached, or trials fail one after the other for a reason that is not theirs.
    """
    name = checked_name(name or experiment.name)
    settings = settings or Settings.from_environment()
    os.environ["GARMENT_HOME"] = str(settings.home)
    source = dataset_uri(experiment.base.data.uri, settings.home)
    version = _dataset_version(source, experiment) if work == "train" else ""  # what is wrong is said at once
    given: HeadStart | None = head_start(experiment, list(warm_start), version) if warm_start else None
    trials = trials or experiment.trials
    if tracked and not resume:
        tracking_client()  # so is a server that does not answer
    with (
        ray_starting(settings.ray_address, at_once=not resume) as connect,
        sweep_state(settings, name, experiment, trials, resume, given) as state,
    ):
        begin = partial(SweepTracking.start, experiment, name, experiment_file)
        tracking = patiently(begin, goes_on=state.session > 0) if tracked else None
        context = TrialContext(
            sweep=name,
            session=state.session,
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
        repeats = Repeats(state)
        if tracking:
            tracking.watch(context, lambda: [*state.history.records, *repeats.known()])
        try:
            report = _run(experiment, state, repeats, trials, budget or Budget(), settings, context, tracking, connect)
            if tracking:
                if state.journal.written(LOG_WAIT_S):
                    tracking.keep(state.keep_log())
                if tracking.finish(report) and work == "train":
                    _say_comparison(name)
        finally:
            if tracking:
                tracking.close()
    return report


def _run(
    experiment: Experiment,
    state: SweepState,
    repeats: Repeats,
    trials: int,
    budget: Budget,
    settings: Settings,
    context: TrialContext,
    tracking: SweepTracking | None,
    connect: Callable[[], None],
) -> SweepReport:
    from garment_sweeps.cluster.budgeting import open_budget

    stop = open_budget(experiment, state, repeats, trials, budget)
    if state.open_trials(trials) or repeats_left(experiment, state, repeats):
        from garment_sweeps.cluster import tune_run  # noqa: F401  half a second of imports, while Ray starts

        connect()
        if settings.ray_address:
            _preflight(experiment, settings, context)
        if tracking and context.work == "train":
            tracking.log_baselines(context.base)
        _search_and_finals(experiment, state, repeats, trials, stop, settings, context, tracking)
    class_mean = tracking.baseline_mm("class_mean_displacement", experiment.metric) if tracking else None
    return sweep_report(experiment, state, repeats, stop, class_mean)


def _search_and_finals(
    experiment: Experiment,
    state: SweepState,
    repeats: Repeats,
    trials: int,
    stop: "BudgetStop",
    settings: Settings,
    context: TrialContext,
    tracking: SweepTracking | None,
) -> None:
    from garment_sweeps.cluster.budgeting import open_outlook, search_is_over
    from garment_sweeps.cluster.finals import run_finals
    from garment_sweeps.cluster.tune_run import run_trials, trial_places

    places = trial_places(experiment, settings)
    client = tracking.run.client if tracking else None
    outlook = open_outlook(experiment, stop, trials, places, context.base, client)
    for line in outlook.before(stop.gpu_hours()):
        print(line, flush=True)
    if state.open_trials(trials):
        run_trials(experiment, state, trials, stop, places, context, outlook)
    if search_is_over(state, trials, stop):
        run_finals(experiment, state, repeats, stop, places, context, outlook)


def _preflight(experiment: Experiment, settings: Settings, context: TrialContext) -> None:
    """UserError in seconds where the cluster could not run the trials; what is merely worth knowing is printed."""
    from garment_sweeps.cluster.preflight import check

    for finding in check(experiment, settings, context):
        print(f"note: {finding.line()}", flush=True)


def _say_comparison(name: str) -> None:
    """Logs the page that compares the sweep's best trials, and says where it is, or why there is none."""
    from garment_sweeps.comparison.compare import compare_at_end

    print(compare_at_end(name), flush=True)


def _dataset_version(uri: str, experiment: Experiment) -> str:
    """The manifest's digest; UserError where there is no dataset, or one that does not fit the experiment."""
    from garment_sweeps.shards import open_source
    from garment_sweeps.spaces.dataset_check import check_against_dataset

    manifest = open_source(uri).manifest
    check_against_dataset(experiment, manifest)
    return manifest.digest()
