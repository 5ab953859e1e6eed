"""What MLflow missed arrives later: runs are made to say what the study says. Without Ray, in a local store."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from garment_sweeps.settings.environment import StorageConfig
from garment_sweeps.tracking import SweepRun, tags
from garment_sweeps.tracking.delivery import Delivery
from garment_sweeps.tracking.outbox import Outbox
from garment_sweeps.tracking.reconcile import INTERRUPTED, Reconciliation, StudyOutcome
from garment_sweeps.tracking.record import (
    RECORD_FILE,
    Ending,
    Start,
    TrialKey,
    TrialRecord,
    identity_of,
    newest_record,
    now_ms,
)
from garment_sweeps.tracking.runs import find_sweep, trials_of
from garment_sweeps.trials.checkpoints import TrialStore
from garment_uv.training.trial import TrialConfig


@dataclass
class Sweep:
    """A sweep's run, and what its trials left behind."""

    run: SweepRun
    storage: StorageConfig
    folder: Path
    outcomes: dict[str, StudyOutcome] = field(default_factory=dict)

    def record(self, trial: str, attempt: int = 1, epochs: int = 2) -> TrialRecord:
        ids = (self.run.experiment_id, self.run.run_id)
        record = TrialRecord(identity_of(TrialKey("s", *ids, trial), TrialConfig(), {}), Start(number=attempt))
        for epoch in range(1, epochs + 1):
            record.add_epoch(epoch, {"s2s/all": 50.0 - epoch})
        return record

    def store(self, trial: str) -> TrialStore:
        return TrialStore.open(self.storage, "s", trial, 1)

    def checkpoint(self, record: TrialRecord, number: int = 2) -> None:
        self.folder.mkdir(exist_ok=True)
        (self.folder / RECORD_FILE).write_bytes(record.text())
        self.store(record.identity.trial_id).put(self.folder, number)

    def deliver(self, record: TrialRecord, live: bool = True) -> str:
        delivery = Delivery(lambda: self.run.client, record, live=live)
        delivery()
        return delivery.run_id

    def reconcile(self, **more: Any) -> None:
        def record_of(trial: str) -> TrialRecord | None:
            store = self.store(trial)
            return newest_record(store.filesystem, store.checkpoints())

        Reconciliation(self.run, Outbox.of(self.storage, "s"), record_of).reconcile(self.outcomes, **more)

    def found(self) -> dict[str, tuple[str, str]]:
        """Status and outcome of every run, by trial; there is one of each."""
        runs = trials_of(self.run.client, find_sweep(self.run.client, "s"))
        found = {run.data.tags[tags.TRIAL]: (run.info.status, run.data.tags.get(tags.OUTCOME, "")) for run in runs}
        assert len(found) == len(runs)
        return found

    def steps(self, run_id: str) -> list[int]:
        return sorted(point.step for point in self.run.client.get_metric_history(run_id, "s2s/all"))


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def sweep(home, tmp_path, monkeypatch) -> Sweep:
    monkeypatch.setenv("GARMENT_HOME", str(home))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    run = SweepRun.start(f"e{tmp_path.name.replace('_', '')}"[:40], "s", {})
    yield Sweep(run, StorageConfig(uri=str(tmp_path / "store")), tmp_path / "made")
    run.client.delete_run(run.run_id)


def test_a_run_left_running_ends_as_its_trial_did_with_the_epochs_of_its_checkpoint(sweep):
    record = sweep.record("t00000", epochs=3)
    early = sweep.record("t00000", epochs=1)
    early.epochs = record.epochs[:1]
    run_id = sweep.deliver(early)
    sweep.checkpoint(record)
    sweep.outcomes = {"t00000": StudyOutcome("pruned", "stopped at epoch 3 of 9")}
    for _ in range(2):
        sweep.reconcile(whole=False)
        assert sweep.found() == {"t00000": ("FINISHED", "pruned")}
        assert sweep.steps(run_id) == [1, 2, 3]


def test_a_trial_at_work_is_left_alone_until_it_is_over(sweep):
    sweep.deliver(sweep.record("t00000"))
    Outbox.of(sweep.storage, "s").put(sweep.record("t00001"))
    sweep.outcomes = {"t00000": StudyOutcome(), "t00001": StudyOutcome()}
    sweep.reconcile(live=["t00000", "t00001"], whole=False)
    assert sweep.found() == {"t00000": ("RUNNING", "")}
    sweep.reconcile()
    assert sweep.found() == {"t00000": ("KILLED", ""), "t00001": ("KILLED", "")}


def test_a_trial_that_the_budget_cut_short_is_interrupted_and_not_stopped(sweep):
    record = sweep.record("t00000")
    record.ending = Ending(outcome="pruned", reason="stopped", at_ms=now_ms())
    run_id = sweep.deliver(record)
    sweep.outcomes = {"t00000": StudyOutcome()}
    sweep.reconcile()
    assert sweep.found() == {"t00000": ("KILLED", "")}
    assert sweep.run.client.get_run(run_id).data.tags[tags.REASON] == INTERRUPTED


def test_an_infeasible_trial_stays_so_and_runs_that_the_study_does_not_know_too(sweep):
    for trial, outcome in (("t00000", "infeasible"), ("t00001", "complete")):
        record = sweep.record(trial)
        record.ending = Ending(outcome=outcome, at_ms=now_ms())
        sweep.deliver(record)
    sweep.outcomes = {"t00000": StudyOutcome("failed", "diverged")}
    sweep.reconcile()
    assert sweep.found() == {"t00000": ("FAILED", "infeasible"), "t00001": ("FINISHED", "complete")}


def test_second_runs_of_a_trial_are_removed_and_the_one_with_results_stays(sweep):
    record = sweep.record("t00000")
    record.ending = Ending(outcome="complete", at_ms=now_ms())
    run_id = sweep.deliver(record)
    for start in (1, now_ms()):
        sweep.run.client.create_run(sweep.run.experiment_id, start_time=start, tags=record.identity.tags)
    sweep.outcomes = {"t00000": StudyOutcome("complete")}
    sweep.reconcile()
    assert sweep.found() == {"t00000": ("FINISHED", "complete")}
    assert sweep.steps(run_id) == [1, 2]


def test_a_trial_without_a_run_gets_one_from_its_newest_whole_checkpoint(sweep):
    sweep.checkpoint(sweep.record("t00000"), 1)
    sweep.checkpoint(sweep.record("t00000", epochs=3), 2)
    torn = Path(sweep.storage.uri) / "s" / "t00000.s1" / "checkpoint_000002" / RECORD_FILE
    torn.write_text(torn.read_text()[:-20])
    sweep.outcomes = {"t00000": StudyOutcome("pruned"), "t00001": StudyOutcome("failed")}
    sweep.reconcile()
    assert sweep.found() == {"t00000": ("FINISHED", "pruned")}
    (run,) = trials_of(sweep.run.client, find_sweep(sweep.run.client, "s"))
    assert sweep.steps(run.info.run_id) == [1, 2]


def test_outboxes_of_several_attempts_give_one_run_and_torn_ones_are_forgotten(sweep):
    outbox = Outbox.of(sweep.storage, "s")
    first, second = sweep.record("t00000", 1, epochs=1), sweep.record("t00000", 2, epochs=0)
    first.ending = Ending(outcome="pruned", at_ms=now_ms())
    second.epochs = list(first.epochs)
    second.add_epoch(2, {"s2s/all": 1.0})
    second.ending = Ending(outcome="complete", at_ms=now_ms())
    for record in (first, second, sweep.record("t00001")):
        outbox.put(record)
    torn = Path(outbox.path) / outbox.names()[-1] / RECORD_FILE
    torn.write_text(torn.read_text()[:-20])
    sweep.outcomes = {"t00000": StudyOutcome("complete"), "t00001": StudyOutcome("failed")}
    sweep.reconcile()
    assert outbox.names() == []
    assert sweep.found() == {"t00000": ("FINISHED", "complete")}
    (run,) = trials_of(sweep.run.client, find_sweep(sweep.run.client, "s"))
    assert sweep.steps(run.info.run_id) == [1, 2]


def test_records_of_a_lost_tracking_store_are_delivered_under_the_new_parent(sweep):
    record = sweep.record("t00000")
    record.ending = Ending(outcome="complete", at_ms=now_ms())
    record.identity = record.identity.under("77", "0" * 32)  # as it was called there
    Outbox.of(sweep.storage, "s").put(record)
    sweep.outcomes = {"t00000": StudyOutcome("complete")}
    sweep.reconcile()
    assert sweep.found() == {"t00000": ("FINISHED", "complete")}
