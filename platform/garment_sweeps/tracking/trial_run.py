"""The run of one trial in MLflow: found or made, written, ended. Every call waits for MLflow (see `courier`)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from garment_sweeps.tracking import tags
from garment_sweeps.tracking.one_run import find_one, has_results, trial_query
from garment_sweeps.tracking.parts import Parts
from garment_sweeps.tracking.record import EPOCH_METRIC, HEADLINE, Ending, Epoch, Identity, Start, now_ms

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Run

STATUS = {"complete": "FINISHED", "pruned": "FINISHED", "infeasible": "FAILED", "failed": "FAILED", "": "KILLED"}
"""MLflow's status for each outcome; the outcome itself is a tag, which an interrupted trial lacks."""
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
    metric: str = HEADLINE
    """What the trial's sweep makes small."""
    _as_found: "Run | None" = None

    @classmethod
    def open(cls, client: "MlflowClient", identity: Identity, start: Start) -> "TrialRun":
        """The run of that trial under its sweep; where there is none it is made, running, by that attempt."""
        where = (identity.experiment_id, identity.parent_run_id, identity.trial_id)
        existing = find_trial(client, *where)
        if existing is None:
            made = client.create_run(
                identity.experiment_id,
                start_time=identity.began_ms,
                run_name=identity.trial_id,
                tags={**identity.tags, **_marks(start)},
            )
            existing = find_trial(client, *where) or made
        run = cls(client, existing.info.run_id, int(existing.data.tags.get(tags.ATTEMPT, 0)), metric=identity.metric)
        if EPOCH_METRIC in existing.data.metrics:
            run.look_again()
        run._as_found = existing
        return run

    def look_again(self) -> None:
        """Asks MLflow which epochs it has."""
        self.steps = {metric.step for metric in self.client.get_metric_history(self.run_id, EPOCH_METRIC)}

    def take_over(self, start: Start) -> None:
        """Marks the run as being written by this attempt: running, and without the outcome of an earlier one."""
        known, marks = self._as_found, _marks(start)
        for name in (tags.OUTCOME, tags.REASON):
            if name in known.data.tags:
                self.client.delete_tag(self.run_id, name)
        if any(known.data.tags.get(name) != value for name, value in marks.items()):
            self._log(values=marks)
        if known.info.status != "RUNNING":
            self.client.update_run(self.run_id, status="RUNNING")
        self.attempt = start.number

    def log_epochs(self, epochs: Iterable[Epoch], parts: Parts) -> None:
        """Logs all epochs that MLflow does not have, as many in one request as it takes."""
        batch: list[Metric] = []
        steps: list[int] = []
        for epoch in epochs:
            if epoch.step in self.steps:
                continue
            metrics = _metrics(epoch.metrics, epoch.at_ms, epoch.step, self.metric)
            if len(batch) + len(metrics) > BATCH:
                self._send(batch, steps, parts)
                batch, steps = [], []
            batch, steps = [*batch, *metrics], [*steps, epoch.step]
        self._send(batch, steps, parts)

    def log_file(self, file: Path, artifact_path: str) -> None:
        """Copies a file into that folder of the run's artifacts, over one that is there already."""
        self.client.log_artifact(self.run_id, str(file), artifact_path)

    def finish(self, ending: Ending, last: Epoch | None, parts: Parts) -> None:
        """Logs what was measured at the end as of the last epoch, and ends the run."""
        from mlflow.entities import RunTag

        measured = _metrics(ending.metrics, last.at_ms, last.step, self.metric) if last is not None else []
        self._send(measured, [], parts)
        marks = [RunTag(name, value) for name, value in {**ending.tags, **_outcome(ending)}.items()]
        parts.send_all("tag", marks, lambda some: self.client.log_batch(self.run_id, tags=some))
        parts.send("the end", lambda: self.client.set_terminated(self.run_id, STATUS[ending.outcome], ending.at_ms))

    def complete_params(self, identity: Identity, parts: Parts) -> None:
        """Logs the parameters that were missing when the run was found; MLflow keeps the first value of each."""
        from mlflow.entities import Param

        known = self._as_found.data.params
        missing = [Param(name, value) for name, value in identity.params.items() if name not in known]
        for start in range(0, len(missing), 100):
            some = missing[start : start + 100]
            parts.send_all("parameter", some, lambda params: self.client.log_batch(self.run_id, params=params))
        known.update({param.key: param.value for param in missing})

    def _send(self, metrics: list["Metric"], steps: list[int], parts: Parts) -> None:
        for start in range(0, len(metrics), BATCH):
            parts.send_all("metric", metrics[start : start + BATCH], self._log)
        self.steps.update(steps)

    def _log(self, metrics: Sequence["Metric"] = (), values: dict[str, str] | None = None) -> None:
        """Metrics and tags in one request."""
        from mlflow.entities import RunTag

        marks = [RunTag(name, value) for name, value in (values or {}).items()]
        self.client.log_batch(self.run_id, metrics=metrics, tags=marks)


def close_trial(client: "MlflowClient", run_id: str, outcome: str, reason: str = "") -> None:
    """Marks a run's outcome and ends it now."""
    ending = Ending(outcome=outcome, reason=reason, at_ms=now_ms())
    TrialRun(client, run_id)._log(values=_outcome(ending))
    client.set_terminated(run_id, STATUS[outcome])


def find_trial(client: "MlflowClient", experiment_id: str, parent_run_id: str, trial_id: str) -> "Run | None":
    """The trial's run under that parent, or None; a second one that was made by accident is deleted."""
    return find_one(client, [experiment_id], trial_query(parent_run_id, trial_id), has_results)


def _marks(start: Start) -> dict[str, str]:
    return {tags.ATTEMPT: str(start.number), **start.tags}


def _outcome(ending: Ending) -> dict[str, str]:
    values = {tags.OUTCOME: ending.outcome, tags.REASON: ending.reason[:500]}
    return {name: value for name, value in values.items() if value}


def _metrics(values: dict[str, float], at_ms: int, step: int, first: str) -> list["Metric"]:
    """The metrics of one step. The epoch is last: where a batch is cut, it comes with the rest. What the sweep makes
    small is first: MLflow's parallel coordinates begin with the metric that a run had first.
    """
    from mlflow.entities import Metric

    names = sorted(values, key=lambda name: (name == EPOCH_METRIC, name != first))
    return [Metric(name, values[name], at_ms, step) for name in names]
