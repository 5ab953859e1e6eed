"""The run of one trial. Its only writer is the process that trains, until the driver closes it."""

import math
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from garment_sweeps.tracking import tags
from garment_sweeps.tracking.provenance import git_commit, hardware, user
from garment_sweeps.tracking.settings import tracking_client
from garment_sweeps.tracking.sweep_run import log_parameters
from garment_uv.config.trial import TrialConfig

if TYPE_CHECKING:
    from mlflow import MlflowClient

STATUS = {"complete": "FINISHED", "pruned": "FINISHED", "infeasible": "FAILED", "failed": "FAILED"}
"""MLflow's status for each outcome; the outcome itself is a tag."""


@dataclass
class TrialRun:
    """A trial's run in MLflow, found again by its trial id after a restart.

    Epochs are enqueued, not waited for, so that a slow server does not slow training; `flush` waits.
    """

    client: "MlflowClient"
    run_id: str
    logged_until: int = -1
    """Last epoch already in MLflow: a restarted trial repeats epochs without logging them twice."""
    _pending: list = field(default_factory=list)

    @classmethod
    def open(
        cls,
        tracking_uri: str,
        experiment_id: str,
        parent_run_id: str,
        trial_id: str,
        config: TrialConfig,
        extra_params: dict[str, Any],
        attempt: int,
    ) -> "TrialRun":
        """The run of `trial_id` under its sweep, made with config, provenance and hardware where it is missing."""
        client = tracking_client(tracking_uri)
        found = find_trial(client, experiment_id, parent_run_id, trial_id)
        if found is not None:
            client.set_tag(found.info.run_id, tags.ATTEMPT, str(attempt))
            client.update_run(found.info.run_id, status="RUNNING")
            return cls(client, found.info.run_id, _last_step(client, found))
        sweep_name = client.get_run(parent_run_id).data.tags.get(tags.SWEEP, "")
        run = client.create_run(
            experiment_id,
            run_name=trial_id,
            tags={
                tags.PARENT: parent_run_id,
                tags.SWEEP: sweep_name,
                tags.ROLE: "trial",
                tags.TRIAL: trial_id,
                tags.ATTEMPT: str(attempt),
                tags.CONFIG_DIGEST: config.digest(),
                "mlflow.user": user(),
                "mlflow.source.git.commit": git_commit(),
                **{f"garment.hardware.{k}": v for k, v in hardware().items()},
            },
        )
        log_parameters(client, run.info.run_id, {**config.flat(), **extra_params})
        return cls(client, run.info.run_id)

    def log_epoch(self, metrics: dict[str, float], step: int) -> None:
        """Enqueues the metrics of epoch `step`; non-finite ones and epochs logged before are left out."""
        from mlflow.entities import Metric

        if step <= self.logged_until:
            return
        now = int(time.time() * 1000)
        entries = [Metric(k, float(v), now, step) for k, v in metrics.items() if math.isfinite(v)]
        for start in range(0, len(entries), 1000):
            batch = entries[start : start + 1000]
            self._pending.append(self.client.log_batch(self.run_id, metrics=batch, synchronous=False))
        self.logged_until = step

    def set_tags(self, values: dict[str, str]) -> None:
        """Sets tags on the run."""
        for name, value in values.items():
            self.client.set_tag(self.run_id, name, value)

    def log_artifacts_folder(self, path: Path, artifact_path: str) -> None:
        """Copies a folder's files to the run's artifacts under `artifact_path`."""
        self.client.log_artifacts(self.run_id, str(path), artifact_path)

    def log_checkpoint(self, folder: Path, step: int, metrics: dict[str, float]) -> None:
        """Keeps an inference model folder as the run's artifact 'model' and tags the weights' sha256."""
        from garment_sweeps.tracking.model_artifact import MODEL_ARTIFACT, weights_sha256

        self.log_artifacts_folder(folder, MODEL_ARTIFACT)
        shown = {f"garment.model.{k.replace('/', '.')}": repr(float(v)) for k, v in metrics.items()}
        self.set_tags({tags.MODEL_SHA256: weights_sha256(folder), "garment.model.epoch": str(step), **shown})

    def flush(self) -> None:
        """Waits until everything enqueued has arrived; raises what the store refused."""
        pending, self._pending = self._pending, []
        for operation in pending:
            operation.wait()

    def finish(self, status: str, reason: str = "") -> None:
        """Ends the run as 'complete', 'pruned', 'infeasible' or 'failed'."""
        self.flush()
        close_trial(self.client, self.run_id, status, reason)


def close_trial(client: "MlflowClient", run_id: str, outcome: str, reason: str = "") -> None:
    """Marks a run's outcome and ends it; the driver's call for trials whose process is gone."""
    client.set_tag(run_id, tags.OUTCOME, outcome)
    if reason:
        client.set_tag(run_id, tags.REASON, reason[:500])
    client.set_terminated(run_id, STATUS[outcome])


def find_trial(client: "MlflowClient", experiment_id: str, parent_run_id: str, trial_id: str):
    """The trial's run under that parent, or None."""
    query = f"tags.`{tags.TRIAL}` = '{trial_id}' and tags.`{tags.PARENT}` = '{parent_run_id}'"
    runs = client.search_runs([experiment_id], query, max_results=1)
    return runs[0] if runs else None


def _last_step(client: "MlflowClient", run) -> int:
    if "epoch" not in run.data.metrics:
        return -1
    return max(metric.step for metric in client.get_metric_history(run.info.run_id, "epoch"))
