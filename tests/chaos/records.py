"""What study and MLflow say after a sweep, and everything in it that must not be."""

from collections import Counter
from dataclasses import dataclass

from optuna.trial import TrialState

from garment_sweeps.experiment import Experiment
from garment_sweeps.settings.environment import StorageConfig
from garment_sweeps.study.study import open_storage, trial_name
from garment_sweeps.tracking.outbox import Outbox
from garment_uv.training.trial import TrialConfig
from tests.started import started
from tests.tabulated import TOO_LARGE_RATE, curve_mm

REFUSAL = "the proxy of this test refuses that"
"""What `RefusingProxy` says in MLflow's own form."""


@dataclass(frozen=True)
class EndedTrial:
    """One trial as the study tells it."""

    config: str
    """Digest of its whole config."""
    curve: tuple[tuple[int, float], ...]
    """Epoch and S2S, mm."""
    value: float | None


def study_trials(url: str, sweep: str) -> list:
    """The study's trials, Optuna's own records."""
    import optuna

    return started(optuna.load_study(study_name=sweep, storage=open_storage(url)))


def ended_trials(trials: list, experiment: Experiment) -> Counter:
    """How often each ended trial is in the study; equal for two sweeps that found the same."""
    return Counter(
        EndedTrial(config_of(t, experiment).digest(), tuple(sorted(t.intermediate_values.items())), t.value)
        for t in trials
        if t.state.is_finished()
    )


def config_of(trial, experiment: Experiment) -> TrialConfig:
    """The trial's whole config; for spaces whose parameters Optuna stores as they are."""
    return experiment.base.with_values(trial.params)


def faults_of_study(trials: list, experiment: Experiment) -> list[str]:
    """What is lost, doubled or wrong in the study of a tabulated sweep without scheduler; nothing where all is well."""
    faults = []
    numbers = [t.number for t in trials]
    if numbers != list(range(experiment.trials)):
        faults.append(f"the study's trials are {numbers}, not each of 0 to {experiment.trials - 1} once")
    for trial in trials:
        name = trial_name(trial.number)
        table = table_of(trial, experiment)
        state = TrialState.COMPLETE if table else TrialState.FAIL
        if trial.state != state:
            reason = trial.user_attrs.get("garment.reason", "")
            faults.append(f"study: {name} is {trial.state.name}, not {state.name} {reason}".rstrip())
        if trial.intermediate_values != table:
            faults.append(f"study: {name} has the curve {trial.intermediate_values}, not {table}")
        if trial.state == TrialState.COMPLETE and trial.value != table.get(experiment.epochs):
            faults.append(f"study: {name} has the value {trial.value}, which is not its last epoch's")
    return faults


def faults_of_tracking(
    trials: list, experiment: Experiment, uri: str, refused: tuple[str, int] | None = None
) -> list[str]:
    """The same for the runs in MLflow: one a trial, ended as the table says, and in it every epoch of the table once.

    Args:
        trials: of the study.
        experiment: of the sweep.
        uri: of MLflow.
        refused: trial and epoch that MLflow never took: all but this epoch must be there.
    """
    from garment_sweeps.tracking import tags, tracking_client
    from garment_sweeps.tracking.runs import find_sweep, trials_of

    client = tracking_client(uri)
    sweep = find_sweep(client, experiment.name)
    faults = [] if sweep.info.status == "FINISHED" else [f"MLflow: the sweep's run is {sweep.info.status}"]
    runs = trials_of(client, sweep)
    names = [run.data.tags[tags.TRIAL] for run in runs]
    wanted = [trial_name(t.number) for t in trials]
    if sorted(names) != wanted:
        extra, lacking = Counter(names) - Counter(wanted), Counter(wanted) - Counter(names)
        faults.append(f"MLflow: runs doubled {sorted(extra)}, missing {sorted(lacking)}")
    by_name = {trial_name(t.number): t for t in trials}
    for run in runs:
        name = run.data.tags[tags.TRIAL]
        if name not in by_name:
            continue
        table = table_of(by_name[name], experiment)
        outcome = run.data.tags.get(tags.OUTCOME)
        if (run.info.status, outcome) != (("FINISHED", "complete") if table else ("FAILED", "infeasible")):
            faults.append(f"MLflow: {name} is {run.info.status}, outcome {outcome}")
        history = client.get_metric_history(run.info.run_id, experiment.metric)
        told = sorted((m.step, m.value) for m in history)
        taken = sorted((epoch, value) for epoch, value in table.items() if (name, epoch) != refused)
        if told != taken:
            faults.append(f"MLflow: {name} has the curve {told}, not {taken}")
    return faults


def faults_of_parking(sweep: str, storage: StorageConfig, refused: tuple[str, int], said: str) -> list[str]:
    """What MLflow refused must be parked, and that alone, and told with its reason in what the drivers said."""
    parked = Outbox.of(storage, sweep).parked()
    faults = []
    if {record.trial_id for record in parked} != {refused[0]}:
        faults.append(f"parked are records of {[record.trial_id for record in parked]}, not of {refused[0]} alone")
    if not any("MLflow refused" in line and REFUSAL in line for line in said.splitlines()):
        faults.append("no driver said what MLflow refused, and why")
    return faults


def table_of(trial, experiment: Experiment) -> dict[int, float]:
    """The curve that the table gives the trial's config, epoch to S2S, mm; empty where it is untrainable."""
    config = config_of(trial, experiment)
    if config.training.optimiser.generator_lr > TOO_LARGE_RATE:
        return {}
    return {epoch: curve_mm(config, epoch) for epoch in range(1, experiment.epochs + 1)}
