"""What MLflow missed arrives later: makes a sweep's runs say what the study says, whatever died or was away.

The driver calls it while it holds the sweep: now and then while trials run, and once whole at the end of a session.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from garment_sweeps.tracking import SweepRun, tags
from garment_sweeps.tracking.delivery import Delivery
from garment_sweeps.tracking.one_run import has_results, keep_one
from garment_sweeps.tracking.outbox import Outbox
from garment_sweeps.tracking.steps import Steps
from garment_sweeps.tracking.sweep_run import trials_of
from garment_sweeps.tracking.trial_run import close_trial, find_trial
from garment_sweeps.trials.checkpoints import TrialStore
from garment_sweeps.trials.tracked import newest_record

if TYPE_CHECKING:
    from mlflow.entities import Run

INTERRUPTED = "interrupted; --resume goes on with it"


@dataclass(frozen=True)
class Standing:
    """How a trial stands in the study."""

    outcome: str = ""
    """'complete', 'pruned' or 'failed', infeasible ones included; empty as long as it is not over."""
    reason: str = ""


def reconcile(
    run: SweepRun,
    outbox: Outbox,
    store_of: Callable[[str], TrialStore],
    standings: Mapping[str, Standing],
    live: Collection[str] = (),
    whole: bool = True,
    progress: Callable[[], None] = lambda: None,
) -> dict[str, str]:
    """Delivers outboxes, ends runs of trials that are over, marks interrupted ones, removes second runs.

    A trial of which MLflow refuses something, or over which it stumbles, holds up no other.

    Args:
        run: of the sweep.
        outbox: of the sweep.
        store_of: a trial's store by its name, in the latest session.
        standings: every trial of the study, by name. Runs of other trials are left as they are.
        live: trials that may be at work just now: left alone.
        whole: False looks, beside the outbox, only at runs that MLflow believes to be running.
        progress: called whenever MLflow has answered.

    Returns:
        What MLflow will never take of trials that are not parked: why, by trial.

    Raises:
        What MLflow's client raises where it is away; called again, it goes on.
    """
    steps = Steps()
    steps.take("outbox", lambda: outbox.deliver(run.client, run.experiment_id, run.run_id, live, progress))
    parked = {each.trial_id for each in outbox.parked()}
    parent = run.client.get_run(run.run_id)
    found: dict[str, list[Run]] = defaultdict(list)
    for each in trials_of(run.client, parent, "" if whole else "RUNNING"):
        found[each.data.tags.get(tags.TRIAL, "")].append(each)
    for trial_id, runs in found.items():
        progress()
        if trial_id not in live:
            steps.take(trial_id, partial(_set_right, run, outbox, store_of, standings.get(trial_id), runs, whole))
    if whole:
        for trial_id in sorted(standings.keys() - found.keys() - parked - set(live)):
            progress()
            steps.take(trial_id, partial(_recover, run, outbox, standings[trial_id], store_of(trial_id)))
    steps.end()
    return {name: why for name, why in steps.refused.items() if name not in parked}


def _set_right(
    run: SweepRun,
    outbox: Outbox,
    store_of: Callable[[str], TrialStore],
    standing: Standing | None,
    runs: "list[Run]",
    whole: bool,
) -> None:
    """Makes the one run of a trial say what the study says; the study does not know all of them."""
    kept = keep_one(run.client, runs, has_results) if whole else runs[0]
    if standing is not None:
        _settle(run, outbox, kept, standing, store_of(kept.data.tags[tags.TRIAL]))


def _settle(run: SweepRun, outbox: Outbox, trial: "Run", standing: Standing, store: TrialStore) -> None:
    """Makes one run say what the study says of its trial."""
    said, ended = trial.data.tags.get(tags.OUTCOME, ""), trial.info.status != "RUNNING"
    if standing.outcome:
        agreed = said == standing.outcome or (said == "infeasible" and standing.outcome == "failed")
        if not (agreed and ended):
            _complete(run, outbox, store)
            close_trial(run.client, trial.info.run_id, said if agreed else standing.outcome, standing.reason)
    elif said or not ended:
        if said:
            run.client.delete_tag(trial.info.run_id, tags.OUTCOME)
        run.client.set_tag(trial.info.run_id, tags.REASON, INTERRUPTED)
        run.client.set_terminated(trial.info.run_id, "KILLED")


def _recover(run: SweepRun, outbox: Outbox, standing: Standing, store: TrialStore) -> None:
    """Makes the run of a trial that MLflow knows nothing of, from its newest checkpoint, if it has one."""
    if _complete(run, outbox, store):
        trial = find_trial(run.client, run.experiment_id, run.run_id, store.trial_id)
        if trial is not None:
            _settle(run, outbox, trial, standing, store)


def _complete(run: SweepRun, outbox: Outbox, store: TrialStore) -> bool:
    """Delivers the epochs that the newest checkpoint knows and MLflow does not; False without a checkpoint."""
    record = newest_record(store.filesystem, store.checkpoints())
    if record is None or record.identity.trial_id != store.trial_id:
        return False
    record.identity = record.identity.under(run.experiment_id, run.run_id)
    delivery = Delivery(lambda: run.client, record)
    delivery()
    if delivery.refused and not outbox.has_parked(record):
        outbox.park(record, delivery.refused)
    return True
