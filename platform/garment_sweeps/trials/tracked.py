"""What a trial's process tells MLflow: a record that grows, and a courier that delivers it in the background."""

import hashlib
import os
import shutil
import socket
import tempfile
from pathlib import Path
from typing import Any

from garment_sweeps.settings.environment import own_uri
from garment_sweeps.settings.names import uri_in_home
from garment_sweeps.tracking import tags
from garment_sweeps.tracking.client import open_client
from garment_sweeps.tracking.courier import Courier
from garment_sweeps.tracking.delivery import Delivery
from garment_sweeps.tracking.outbox import Outbox
from garment_sweeps.tracking.process_log import LOGS_ARTIFACT, ProcessLog
from garment_sweeps.tracking.record import RECORD_FILE, Ending, TrialKey, TrialRecord, identity_of, now_ms, start_of
from garment_sweeps.tracking.runs import SEARCHED
from garment_sweeps.tracking.sweep_run import TrackingConfig
from garment_sweeps.trials.checkpoints import Attempt
from garment_sweeps.trials.opening import ResumePoint, Trial


class TrialTracking:
    """One attempt of a trial, for MLflow, which is told nothing more once a later one has begun.

    Only `end` and `leave` wait for MLflow, and they only for the config's `wait_s`.
    """

    def __init__(
        self, trial: Trial, config: TrackingConfig, attempt: Attempt, log: ProcessLog, point: ResumePoint
    ) -> None:
        self._record = _begun_record(trial, config, attempt, log, point)
        self._log = log
        self._wait_s = config.wait_s
        self._outbox = Outbox.of(trial.context.storage, trial.context.sweep)
        self._files = Path(tempfile.mkdtemp(prefix="garment-tracking-"))
        self._delivery = Delivery(
            lambda: open_client(own_uri(config.uri)),
            self._record,
            mine=lambda: not self._courier.closing and not trial.store.superseded(attempt),
            live=True,
            progress=lambda: self._courier.progress(),
        )
        self._courier = Courier(f"mlflow {trial.id}", self._delivery)
        self._courier.poke()

    @property
    def run_id(self) -> str:
        """The trial's run; empty until MLflow has answered."""
        return self._delivery.run_id

    def epoch(self, step: int, metrics: dict[str, float]) -> None:
        """Records an epoch; returns at once."""
        self._record.add_epoch(step, metrics)
        self._courier.poke()

    def folder(self, artifact: str) -> Path:
        """Where to put the files of an artifact, before `keep` is told of it; the folder is not there yet."""
        return self._files / artifact

    def keep(self, artifact: str) -> None:
        """Records that the artifact's folder is written; returns at once."""
        self._record.folders[artifact] = self.folder(artifact)
        self._courier.poke()

    def save(self, folder: Path) -> str:
        """Writes the record into a checkpoint and returns its sha256."""
        text = self._record.text()
        (folder / RECORD_FILE).write_bytes(text)
        return hashlib.sha256(text).hexdigest()

    def end(self, outcome: str, reason: str, metrics: dict[str, float], marks: dict[str, str]) -> None:
        """Records how the trial ended, and returns once MLflow or, where that is away, the outbox has everything.

        OSError where the outbox cannot be written either.
        """
        self._keep_log()
        self._record.ending = Ending(outcome=outcome, reason=reason, at_ms=now_ms(), metrics=metrics, tags=marks)
        self._settle()

    def leave(self) -> None:
        """The attempt ends without the trial being over: its log is kept. Waits as `end` does."""
        self._keep_log()
        self._settle()

    def drop(self) -> None:
        """Lets go without another word: a later attempt owns the run."""
        self._courier.close()
        shutil.rmtree(self._files, ignore_errors=True)

    def _settle(self) -> None:
        self._courier.poke()
        try:
            if not self._courier.settled(self._wait_s):
                self._courier.close()
                self._outbox.put(self._record)
                why = self._courier.trouble or "no answer"
                print(f"MLflow is away ({why}); what it missed waits at {self._outbox.path}", flush=True)
            elif self._delivery.refused:
                print(self._outbox.park(self._record, self._delivery.refused).line(), flush=True)
        finally:
            self.drop()

    def _keep_log(self) -> None:
        text = self._log.text()
        if text:
            folder = self.folder(LOGS_ARTIFACT)
            folder.mkdir(exist_ok=True)
            (folder / f"attempt-{self._record.start.number:05d}.log").write_text(text)
            self._record.folders[LOGS_ARTIFACT] = folder


def _begun_record(
    trial: Trial, config: TrackingConfig, attempt: Attempt, log: ProcessLog, point: ResumePoint
) -> TrialRecord:
    """The record of an attempt that begins: a new one, or the one before with what it already knows.

    MLflow keeps the first value of each parameter, so the parameters stay those with which the trial began.
    """
    context, before = trial.context, point.record
    began_with = context.base.with_values(trial.values)  # what changed since is in its curves
    extra: dict[str, Any] = {
        **(point.work.parameters if point.work is not None else {}),
        **{f"{SEARCHED}{path}": value for path, value in trial.values.items()},
        "trial_number": trial.told["number"],
        "data.uri": uri_in_home(began_with.data.uri, Path(context.home)),
    }
    key = TrialKey(context.sweep, config.experiment_id, config.parent_run_id, trial.id)
    identity = identity_of(key, began_with, extra, config.provenance)
    known = {"began_ms": before.identity.began_ms, "params": before.identity.params} if before is not None else {}
    marks = {**identity.tags, **_repeat_tags(trial.told)}
    identity = identity.model_copy(update={"tags": marks, "metric": context.metric, **known})
    return TrialRecord(
        identity, start_of(attempt.number, _place_tags(trial, log)), list(before.epochs) if before else []
    )


def _place_tags(trial: Trial, log: ProcessLog) -> dict[str, str]:
    """Tags that say where this process runs and where its output goes."""
    where = {
        tags.NODE: trial.place.node or socket.gethostname(),
        tags.NODE_IP: trial.place.ip,
        tags.PID: str(os.getpid()),
        tags.RAY_JOB_ID: trial.place.job,
        tags.LOG: log.path,
    }
    return {name: value for name, value in where.items() if value}


def _repeat_tags(told: dict[str, Any]) -> dict[str, str]:
    """Tags of a finalist's repeat: whose it is, and its seed; none of an ordinary trial."""
    if "repeat_of" not in told:
        return {}
    return {tags.REPEAT_OF: told["repeat_of"], tags.SEED: str(told["seed"])}
