"""What MLflow missed arrives later: makes a sweep's runs say what the study says, whatever died or was away.

The driver calls it while it holds the sweep: now and then while trials run, and once whole at the end of a session.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial

from garment_sweeps.tracking import SweepRun, tags
from garment_sweeps.tracking.delivery import STATUS, Delivery, outcome_tags
from garment_sweeps.tracking.outbox import Outbox
from garment_sweeps.tracking.parts import Steps
from garment_sweeps.tracking.record import TrialRecord
from garment_sweeps.tracking.runs import find_trial, has_results, keep_one, set_tags, trials_of
from garment_sweeps.tracking.types import Run

INTERRUPTED = "interrupted; --resume goes on with it"


@dataclass(frozen=True)
class StudyOutcome:
    """How a trial ended in the study."""

    outcome: str = ""
    """'complete', 'pruned' or 'failed', infeasible ones included; empty as long as it is not over."""
    reason: str = ""


@dataclass(frozen=True)
class Reconciliation:
    """Delivers outboxes, ends runs of trials that are over, marks interrupted ones, removes second runs.

    A trial of which MLflow refuses something, or over which it stumbles, holds up no other.
    """

    run: SweepRun
    outbox: Outbox
    record_of: Callable[[str], TrialRecord | None]
    """The record in a trial's newest checkpoint that holds a whole one, by the trial's name."""
    progress: Callable[[], None] = lambda: None
    """Called whenever MLflow has answered."""

    def reconcile(
        self, outcomes: Mapping[str, StudyOutcome], live: Collection[str] = (), whole: bool = True
    ) -> dict[str, str]:
        """Sets all runs of the sweep right.

        Args:
            outcomes: every trial of the study, by name. Runs of other trials are left as they are.
            live: trials that may be at work just now: left alone.
            whole: False looks, beside the outbox, only at runs that MLflow believes to be running.

        Returns:
            What MLflow will never take of trials that are not parked: why, by trial. Where MLflow is away, what its
            client raises is raised, and the next call goes on.
        """
        steps, client = Steps(), self.run.client
        steps.take("outbox", partial(self.outbox.deliver, self.run, live, self.progress))
        parked = {each.trial_id for each in self.outbox.parked()}
        by_trial: dict[str, list[Run]] = defaultdict(list)
        for each in trials_of(client, client.get_run(self.run.run_id), "" if whole else "RUNNING"):
            by_trial[each.data.tags.get(tags.TRIAL, "")].append(each)
        for trial_id, runs in by_trial.items():
            self.progress()
            if trial_id not in live:
                steps.take(trial_id, partial(self._set_right, outcomes.get(trial_id), runs, whole))
        if whole:
            for trial_id in sorted(outcomes.keys() - by_trial.keys() - parked - set(live)):
                self.progress()
                steps.take(trial_id, partial(self._recover, trial_id, outcomes[trial_id]))
        steps.end()
        return {name: why for name, why in steps.refused.items() if name not in parked}

    def _set_right(self, wanted: StudyOutcome | None, runs: list[Run], whole: bool) -> None:
        """Makes the one run of a trial say what the study says; the study does not know all of them."""
        kept = keep_one(self.run.client, runs, has_results) if whole else runs[0]
        if wanted is not None:
            self._settle(kept, wanted)

    def _settle(self, run: Run, wanted: StudyOutcome) -> None:
        """Makes one run say what the study says of its trial."""
        client, run_id = self.run.client, run.info.run_id
        tagged, ended = run.data.tags.get(tags.OUTCOME, ""), run.info.status != "RUNNING"
        if wanted.outcome:
            agreed = tagged == wanted.outcome or (tagged == "infeasible" and wanted.outcome == "failed")
            if not (agreed and ended):
                self._complete(run.data.tags[tags.TRIAL])
                outcome = tagged if agreed else wanted.outcome
                set_tags(client, run_id, outcome_tags(outcome, wanted.reason))
                client.set_terminated(run_id, STATUS[outcome])
        elif tagged or not ended:
            if tagged:
                client.delete_tag(run_id, tags.OUTCOME)
            client.set_tag(run_id, tags.REASON, INTERRUPTED)
            client.set_terminated(run_id, "KILLED")

    def _recover(self, trial_id: str, wanted: StudyOutcome) -> None:
        """Makes the run of a trial that MLflow knows nothing of, from its newest checkpoint, if it has one."""
        if self._complete(trial_id):
            run = find_trial(self.run.client, self.run.experiment_id, self.run.run_id, trial_id)
            if run is not None:
                self._settle(run, wanted)

    def _complete(self, trial_id: str) -> bool:
        """Delivers the epochs that the newest checkpoint knows and MLflow does not; False without a checkpoint."""
        record = self.record_of(trial_id)
        if record is None or record.identity.trial_id != trial_id:
            return False
        record.identity = record.identity.under(self.run.experiment_id, self.run.run_id)
        delivery = Delivery(lambda: self.run.client, record)
        delivery()
        if delivery.refused and not self.outbox.has_parked(record):
            self.outbox.park(record, delivery.refused)
        return True
