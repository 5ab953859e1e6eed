"""Makes MLflow say what a trial's record says: what is there already is left alone, what is missing is sent."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import tenacity

from garment_sweeps.tracking import tags
from garment_sweeps.tracking.answers import SETTLE_S, TRIES, is_away, is_refused
from garment_sweeps.tracking.parts import BATCH, Parts
from garment_sweeps.tracking.process_log import LOGS_ARTIFACT
from garment_sweeps.tracking.record import EPOCH_METRIC, Ending, Epoch, Start, TrialRecord
from garment_sweeps.tracking.runs import find_trial, set_tags
from garment_sweeps.tracking.types import Metric, MlflowClient, Run

RUN = "the run"
"""The part without which no other can be delivered."""
STATUS = {"complete": "FINISHED", "pruned": "FINISHED", "infeasible": "FAILED", "failed": "FAILED", "": "KILLED"}
"""MLflow's status for each outcome; the outcome itself is a tag, which an interrupted trial lacks."""


@dataclass
class TrialRun:
    """A trial's run, whoever made it: found or made, written, ended."""

    client: MlflowClient
    found: Run
    """As it was when it was opened."""
    record: TrialRecord
    parts: Parts
    """Which of what is sent is refused."""
    steps: set[int] = field(default_factory=set)
    """Epochs that MLflow has."""

    @classmethod
    def open(cls, client: MlflowClient, record: TrialRecord, parts: Parts) -> "TrialRun":
        """The run of that trial under its sweep; where there is none it is made, running, by that attempt."""
        identity = record.identity
        where = (identity.experiment_id, identity.parent_run_id, identity.trial_id)
        found = find_trial(client, *where)
        if found is None:
            made = client.create_run(
                identity.experiment_id,
                start_time=identity.began_ms,
                run_name=identity.trial_id,
                tags={**identity.tags, **_marks(record.start)},
            )
            found = find_trial(client, *where) or made
        run = cls(client, found, record, parts)
        if EPOCH_METRIC in found.data.metrics:
            run.look_again()
        return run

    @property
    def run_id(self) -> str:
        return self.found.info.run_id

    @property
    def attempt(self) -> int:
        """The latest attempt that had written to it when it was opened."""
        return int(self.found.data.tags.get(tags.ATTEMPT, 0))

    def look_again(self) -> None:
        """Asks MLflow which epochs it has."""
        self.steps = {metric.step for metric in self.client.get_metric_history(self.run_id, EPOCH_METRIC)}

    def take_over(self) -> None:
        """Marks the run as being written by this attempt: running, and without the outcome of an earlier one."""
        known, marks = self.found.data.tags, _marks(self.record.start)
        for name in {tags.OUTCOME, tags.REASON} & known.keys():
            self.client.delete_tag(self.run_id, name)
        if marks.items() - known.items():
            set_tags(self.client, self.run_id, marks)
        if self.found.info.status != "RUNNING":
            self.client.update_run(self.run_id, status="RUNNING")

    def complete_params(self) -> None:
        """Logs the parameters that were missing when the run was found; MLflow keeps the first value of each."""
        from mlflow.entities import Param

        known = self.found.data.params
        missing = [Param(name, value) for name, value in self.record.identity.params.items() if name not in known]
        self.parts.send_all("parameter", missing, lambda some: self._log(params=some), most=100)
        known.update({param.key: param.value for param in missing})

    def log_epochs(self) -> None:
        """Logs all epochs that MLflow does not have, as many in one request as it takes."""
        batch: list[Metric] = []
        steps: list[int] = []
        for epoch in list(self.record.epochs):
            if epoch.step in self.steps:
                continue
            metrics = self._metrics(epoch.metrics, epoch)
            if len(batch) + len(metrics) > BATCH:
                self._send(batch, steps)
                batch, steps = [], []
            batch, steps = [*batch, *metrics], [*steps, epoch.step]
        self._send(batch, steps)

    def finish(self, ending: Ending) -> None:
        """Logs what was measured at the end as of the last epoch, and ends the run."""
        from mlflow.entities import RunTag

        if self.record.epochs:
            self._send(self._metrics(ending.metrics, self.record.epochs[-1]), [])
        marks = {**ending.tags, **outcome_tags(ending.outcome, ending.reason)}
        tagged = [RunTag(name, value) for name, value in marks.items()]
        self.parts.send_all("tag", tagged, lambda some: self._log(tags=some))
        self.parts.send(
            "the end", lambda: self.client.set_terminated(self.run_id, STATUS[ending.outcome], ending.at_ms)
        )

    def _metrics(self, values: dict[str, float], at: Epoch) -> list[Metric]:
        """Of one step. The epoch is last: where a batch is cut, it comes with the rest. What the sweep makes small is
        first: MLflow's parallel coordinates begin with the metric that a run had first.
        """
        from mlflow.entities import Metric

        names = sorted(values, key=lambda name: (name == EPOCH_METRIC, name != self.record.identity.metric))
        return [Metric(name, values[name], at.at_ms, at.step) for name in names]

    def _send(self, metrics: list[Metric], steps: list[int]) -> None:
        self.parts.send_all("metric", metrics, lambda some: self._log(metrics=some))
        self.steps.update(steps)

    def _log(self, **some: Any) -> None:
        self.client.log_batch(self.run_id, **some)


class Abandoned(Exception):
    """A later attempt owns the run, or somebody else delivers the record now: nothing more may be written."""


class Delivery:
    """One record on its way; called again after every change of it, and after every failure.

    Args:
        client: made at the first call.
        record: to deliver.
        mine: whether this process may still write to the run; asked before every step.
        live: the trial is at work: its run is marked as running, by this attempt.
        progress: called whenever MLflow has taken something.
        anew: sends also what MLflow has, since of some epochs it may have a part.
    """

    def __init__(
        self,
        client: Callable[[], MlflowClient],
        record: TrialRecord,
        mine: Callable[[], bool] = lambda: True,
        live: bool = False,
        progress: Callable[[], None] = lambda: None,
        anew: bool = False,
    ) -> None:
        self._client = client
        self._record = record
        self._mine = mine
        self._live = live
        self._progress = progress
        self._anew = anew
        self._run: TrialRun | None = None
        self._late = self._ended = self._was_away = False
        self._sent: set[tuple[str, str]] = set()
        self._parts = Parts()
        self.refused = self._parts.refused
        """What MLflow will never take, by its name, and why; the rest was or will be sent."""
        self.run_id = ""
        """The trial's run; empty until MLflow has answered once."""

    def __call__(self) -> None:
        """Sends what is missing. What it raises because MLflow is away leaves it ready to be called again."""
        with suppress(Abandoned):
            tenacity.Retrying(
                retry=tenacity.retry_if_exception(is_refused),
                stop=tenacity.stop_after_attempt(TRIES),
                before=self._before_try,
                retry_error_callback=lambda _: None,
            )(self._try)

    def _before_try(self, state: tenacity.RetryCallState) -> None:
        self._parts.sure = state.attempt_number == TRIES

    def _try(self) -> None:
        try:
            self._deliver()
        except Exception as error:
            if is_away(error) or is_refused(error):
                # MLflow may have lost or kept what was under way, and the run may be gone: look anew
                self._run, self._ended, self._was_away = None, False, True
            raise

    def _deliver(self) -> None:
        self._check()
        run = self._run or self._parts.send(RUN, self._open)
        if run is None:
            return
        if not self._late:
            self._check()
            run.complete_params()
            run.log_epochs()
            self._progress()
        for path, folder in list(self._record.folders.items()):
            if not self._late or path == LOGS_ARTIFACT:
                self._send_folder(run, path, folder)
        ending = self._record.ending
        if ending is not None and not self._ended and not self._late:
            self._check()
            run.finish(ending)
            self._ended = True

    def _send_folder(self, run: TrialRun, path: str, folder: Path) -> None:
        """Copies the files that were not sent yet into the run's artifacts, over what is there already."""
        for file in sorted(file for file in folder.rglob("*") if file.is_file()):
            place = "/".join((path, *file.relative_to(folder).parent.parts))
            if (place, file.name) not in self._sent:
                self._check()
                send = partial(run.client.log_artifact, run.run_id, str(file), place)
                self._parts.send(f"file {place}/{file.name}", send)
                self._progress()
                self._sent.add((place, file.name))

    def _open(self) -> TrialRun:
        began, attempt = time.monotonic(), self._record.start.number
        run = TrialRun.open(self._client(), self._record, self._parts)
        if self._was_away or time.monotonic() - began > SETTLE_S:
            time.sleep(SETTLE_S)
            run.look_again()
            self._was_away = False
        self._late = run.attempt > attempt  # a later attempt owns the run: of this one only its log is news
        if not self._late and (self._live or run.attempt < attempt):
            self._check()
            run.take_over()
        if self._anew:
            run.steps.clear()
        if run.run_id != self.run_id:
            self._sent.clear()
        self._run, self.run_id = run, run.run_id
        self._progress()
        return run

    def _check(self) -> None:
        """Before a step, whether it is still ours to take."""
        if not self._mine():
            raise Abandoned


def outcome_tags(outcome: str, reason: str) -> dict[str, str]:
    """Tags that say how a trial ended; empty ones are left out."""
    values = {tags.OUTCOME: outcome, tags.REASON: reason[:500]}
    return {name: value for name, value in values.items() if value}


def _marks(start: Start) -> dict[str, str]:
    return {tags.ATTEMPT: str(start.number), **start.tags}
