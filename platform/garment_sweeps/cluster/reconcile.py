"""What MLflow missed arrives later: makes a sweep's runs say what the study says, whatever died or was away.

The driver calls it while it holds the sweep: now and then while trials run, and once whole at the end of a session.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from garment_sweeps.tracking import SweepRun, tags
from garment_sweeps.tracking.delivery import Delivery
from garment_sweeps.tracking.one_run import has_results, keep_one
from garment_sweeps.tracking.sweep_run import trials_of
from garment_sweeps.tracking.trial_run import close_trial, find_trial
from garment_sweeps.trials.checkpoints import TrialStore
from garment_sweeps.trials.outbox import Outbox
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
) -> None:
    """Delivers outboxes, ends runs of trials that are over, marks interrupted ones, removes second runs.

    Args:
        run: of the sweep.
        outbox: of the sweep.
        store_of: a trial's store by its name, in the latest session.
        standings: every trial of the study, by name. Runs of other trials are left as they are.
        live: trials that may be at work just now: left alone.
        whole: False looks, beside the outbox, only at runs that MLflow believes to be running.
        progress: called whenever MLflow has answered.

    Raises:
        What MLflow's client raises where it is away; called again, it goes on.
    """
    outbox.deliver(run.client, run.experiment_id, run.run_id, live, progress)
    parent = run.client.get_run(run.run_id)
    found: dict[str, list[Run]] = defaultdict(list)
    for each in trials_of(run.client, parent, "" if whole else "RUNNING"):
        found[each.data.tags.get(tags.TRIAL, "")].append(each)
    for trial_id, runs in found.items():
        progress()
        if trial_id in live:
            continue
        kept = keep_one(run.client, runs, has_results) if whole else runs[0]
        if trial_id in standings:
            _settle(run, kept, standings[trial_id], store_of(trial_id))
    if whole:
        for trial_id in sorted(standings.keys() - found.keys() - set(live)):
            progress()
            _recover(run, standings[trial_id], store_of(trial_id))


def _settle(run: SweepRun, trial: "Run", standing: Standing, store: TrialStore) -> None:
    """Makes one run say what the study says of its trial."""
    said, ended = trial.data.tags.get(tags.OUTCOME, ""), trial.info.status != "RUNNING"
    if standing.outcome:
        agreed = said == standing.outcome or (said == "infeasible" and standing.outcome == "failed")
        if not (agreed and ended):
            _complete(run, store)
            close_trial(run.client, trial.info.run_id, said if agreed else standing.outcome, standing.reason)
    elif said or not ended:
        if said:
            run.client.delete_tag(trial.info.run_id, tags.OUTCOME)
        run.client.set_tag(trial.info.run_id, tags.REASON, INTERRUPTED)
        run.client.set_terminated(trial.info.run_id, "KILLED")


def _recover(run: SweepRun, standing: Standing, store: TrialStore) -> None:
    """Makes the run of a trial that MLflow knows nothing of, from its newest checkpoint, if it has one."""
    if _complete(run, store):
        trial = find_trial(run.client, run.experiment_id, run.run_id, store.trial_id)
        if trial is not None:
            _settle(run, trial, standing, store)


def _complete(run: SweepRun, store: TrialStore) -> bool:
    """Delivers the epochs that the newest checkpoint knows and MLflow does not; False without a checkpoint."""
    record = newest_record(store.filesystem, store.checkpoints())
    if record is None or record.identity.trial_id != store.trial_id:
        return False
    record.identity = record.identity.under(run.experiment_id, run.run_id)
    Delivery(lambda: run.client, record)()
    return True
