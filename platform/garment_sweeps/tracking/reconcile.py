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
from garment_sweeps.tracking.record import TrialRecord
from garment_sweeps.tracking.steps import Steps
from garment_sweeps.tracking.sweep_run import trials_of
from garment_sweeps.tracking.trial_run import close_trial, find_trial

if TYPE_CHECKING:
    from mlflow.entities import Run

INTERRUPTED = "interrupted; --resume goes on with it"


@dataclass(frozen=True)
class StudyOutcome:
    """How a trial ended in the study."""

    outcome: str = ""
    """'complete', 'pruned' or 'failed', infeasible ones included; empty as long as it is not over."""
    reason: str = ""


class Reconciliation:
    """Delivers outboxes, ends runs of trials that are over, marks interrupted ones, removes second runs.

    A trial of which MLflow refuses something, or over which it stumbles, holds up no other.

    Args:
        run: of the sweep.
        outbox: of the sweep.
        record_of: the record in a trial's newest checkpoint that holds a whole one, by the trial's name.
        progress: called whenever MLflow has answered.
    """

    def __init__(
        self,
        run: SweepRun,
        outbox: Outbox,
        record_of: Callable[[str], TrialRecord | None],
        progress: Callable[[], None] = lambda: None,
    ) -> None:
        self._run = run
        self._client = run.client
        self._outbox = outbox
        self._record_of = record_of
        self._progress = progress

    def reconcile(
        self, outcomes: Mapping[str, StudyOutcome], live: Collection[str] = (), whole: bool = True
    ) -> dict[str, str]:
        """Sets all runs of the sweep right.

        Args:
            outcomes: every trial of the study, by name. Runs of other trials are left as they are.
            live: trials that may be at work just now: left alone.
            whole: False looks, beside the outbox, only at runs that MLflow believes to be running.

        Returns:
            What MLflow will never take of trials that are not parked: why, by trial.

        Raises:
            What MLflow's client raises where it is away; called again, it goes on.
        """
        steps, run = Steps(), self._run
        deliver = partial(self._outbox.deliver, self._client, run.experiment_id, run.run_id, live, self._progress)
        steps.take("outbox", deliver)
        parked = {each.trial_id for each in self._outbox.parked()}
        parent = self._client.get_run(run.run_id)
        by_trial: dict[str, list[Run]] = defaultdict(list)
        for each in trials_of(self._client, parent, "" if whole else "RUNNING"):
            by_trial[each.data.tags.get(tags.TRIAL, "")].append(each)
        for trial_id, runs in by_trial.items():
            self._progress()
            if trial_id not in live:
                steps.take(trial_id, partial(self._set_right, outcomes.get(trial_id), runs, whole))
        if whole:
            for trial_id in sorted(outcomes.keys() - by_trial.keys() - parked - set(live)):
                self._progress()
                steps.take(trial_id, partial(self._recover, trial_id, outcomes[trial_id]))
        steps.end()
        return {name: why for name, why in steps.refused.items() if name not in parked}

    def _set_right(self, wanted: StudyOutcome | None, runs: "list[Run]", whole: bool) -> None:
        """Makes the one run of a trial say what the study says; the study does not know all of them."""
        kept = keep_one(self._client, runs, has_results) if whole else runs[0]
        if wanted is not None:
            self._settle(kept, wanted)

    def _settle(self, run: "Run", wanted: StudyOutcome) -> None:
        """Makes one run say what the study says of its trial."""
        tagged, ended = run.data.tags.get(tags.OUTCOME, ""), run.info.status != "RUNNING"
        if wanted.outcome:
            agreed = tagged == wanted.outcome or (tagged == "infeasible" and wanted.outcome == "failed")
            if not (agreed and ended):
                self._complete(run.data.tags[tags.TRIAL])
                close_trial(self._client, run.info.run_id, tagged if agreed else wanted.outcome, wanted.reason)
        elif tagged or not ended:
            if tagged:
                self._client.delete_tag(run.info.run_id, tags.OUTCOME)
            self._client.set_tag(run.info.run_id, tags.REASON, INTERRUPTED)
            self._client.set_terminated(run.info.run_id, "KILLED")

    def _recover(self, trial_id: str, wanted: StudyOutcome) -> None:
        """Makes the run of a trial that MLflow knows nothing of, from its newest checkpoint, if it has one."""
        if self._complete(trial_id):
            run = find_trial(self._client, self._run.experiment_id, self._run.run_id, trial_id)
            if run is not None:
                self._settle(run, wanted)

    def _complete(self, trial_id: str) -> bool:
        """Delivers the epochs that the newest checkpoint knows and MLflow does not; False without a checkpoint."""
        record = self._record_of(trial_id)
        if record is None or record.identity.trial_id != trial_id:
            return False
        record.identity = record.identity.under(self._run.experiment_id, self._run.run_id)
        delivery = Delivery(lambda: self._client, record)
        delivery()
        if delivery.refused and not self._outbox.has_parked(record):
            self._outbox.park(record, delivery.refused)
        return True
