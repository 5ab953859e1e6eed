"""The run of one trial in MLflow: found or made, written, ended. Every call waits for MLflow (see `courier`)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from garment_sweeps.tracking import tags
from garment_sweeps.tracking.one_run import find_one, has_results, trial_query
from garment_sweeps.tracking.record import EPOCH_METRIC, Ending, Epoch, Identity, Start

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Run

STATUS = {"complete": "FINISHED", "pruned": "FINISHED", "infeasible": "FAILED", "failed": "FAILED"}
"""MLflow's status for each outcome; the outcome itself is a tag."""
BATCH = 1000
"""Metrics that MLflow takes in one request."""


@dataclass
class TrialRun:
    """A trial's run, whoever made it."""

    client: "MlflowClient"
    run_id: str
    attempt: int = 0
    """The latest attempt that wrote to it, as the run says."""
    steps: set[int] = field(default_factory=set)
    """Epochs that MLflow has."""

    @classmethod
    def open(cls, client: "MlflowClient", identity: Identity) -> "TrialRun":
        """The run of that trial under its sweep, made with parameters and tags where there is none."""
        found = find_trial(client, identity.experiment_id, identity.parent_run_id, identity.trial_id)
        if found is None:
            made = client.create_run(
                identity.experiment_id,
                start_time=identity.began_ms,
                run_name=identity.trial_id,
                tags=identity.tags,
            )
            found = find_trial(client, identity.experiment_id, identity.parent_run_id, identity.trial_id) or made
        run = cls(client, found.info.run_id, int(found.data.tags.get(tags.ATTEMPT, 0)))
        run._complete_params(found, identity)
        run.look_again()
        return run

    def look_again(self) -> None:
        """Asks MLflow which epochs it has."""
        self.steps = {metric.step for metric in self.client.get_metric_history(self.run_id, EPOCH_METRIC)}

    def take_over(self, start: Start) -> None:
        """Marks the run as being written by this attempt: running, and without the outcome of an earlier one."""
        for name in (tags.OUTCOME, tags.REASON):
            if name in self.client.get_run(self.run_id).data.tags:
                self.client.delete_tag(self.run_id, name)
        self.set_tags({tags.ATTEMPT: str(start.number), **start.tags})
        self.client.update_run(self.run_id, status="RUNNING")
        self.attempt = start.number

    def log_epochs(self, epochs: Iterable[Epoch]) -> None:
        """Logs all epochs that MLflow does not have, as many in one request as it takes."""
        batch: list[Metric] = []
        steps: list[int] = []
        for epoch in epochs:
            if epoch.step in self.steps:
                continue
            metrics = _metrics(epoch.metrics, epoch.at_ms, epoch.step)
            if len(batch) + len(metrics) > BATCH:
                self._send(batch, steps)
                batch, steps = [], []
            batch, steps = [*batch, *metrics], [*steps, epoch.step]
        self._send(batch, steps)

    def log_file(self, file: Path, artifact_path: str) -> None:
        """Copies a file into that folder of the run's artifacts, over one that is there already."""
        self.client.log_artifact(self.run_id, str(file), artifact_path)

    def set_tags(self, values: dict[str, str]) -> None:
        """Sets tags in one request."""
        from mlflow.entities import RunTag

        self.client.log_batch(self.run_id, tags=[RunTag(name, value) for name, value in values.items()])

    def finish(self, ending: Ending, last: Epoch | None) -> None:
        """Logs what was measured at the end as of the last epoch, and ends the run."""
        if ending.metrics and last is not None:
            self._send(_metrics(ending.metrics, last.at_ms, last.step), [])
        if ending.tags:
            self.set_tags(ending.tags)
        close_trial(self.client, self.run_id, ending.outcome, ending.reason, ending.at_ms)

    def _complete_params(self, run: "Run", identity: Identity) -> None:
        """Logs the parameters that are missing; MLflow keeps the first value of each."""
        from mlflow.entities import Param

        missing = [Param(name, value) for name, value in identity.params.items() if name not in run.data.params]
        for start in range(0, len(missing), 100):
            self.client.log_batch(self.run_id, params=missing[start : start + 100])

    def _send(self, metrics: list["Metric"], steps: list[int]) -> None:
        for start in range(0, len(metrics), BATCH):
            self.client.log_batch(self.run_id, metrics=metrics[start : start + BATCH])
        self.steps.update(steps)


def close_trial(
    client: "MlflowClient", run_id: str, outcome: str, reason: str = "", at_ms: int | None = None
) -> None:
    """Marks a run's outcome and ends it; now, or at that moment (ms since 1970)."""
    from mlflow.entities import RunTag

    marks = {tags.OUTCOME: outcome, **({tags.REASON: reason[:500]} if reason else {})}
    client.log_batch(run_id, tags=[RunTag(name, value) for name, value in marks.items()])
    client.set_terminated(run_id, STATUS[outcome], end_time=at_ms)


def find_trial(client: "MlflowClient", experiment_id: str, parent_run_id: str, trial_id: str) -> "Run | None":
    """The trial's run under that parent, or None; a second one that was made by accident is deleted."""
    return find_one(client, [experiment_id], trial_query(parent_run_id, trial_id), has_results)


def _metrics(values: dict[str, float], at_ms: int, step: int) -> list["Metric"]:
    """The metrics of one step, that of the epoch last: where a batch is cut, it comes with the rest."""
    from mlflow.entities import Metric

    names = sorted(values, key=lambda name: name == EPOCH_METRIC)
    return [Metric(name, values[name], at_ms, step) for name in names]
