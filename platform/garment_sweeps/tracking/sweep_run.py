"""The parent run of a sweep, written by the driver alone."""

import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tenacity
from pydantic import Field, field_validator

from garment_sweeps.settings.environment import tracking_uri
from garment_sweeps.settings.masking import first_line
from garment_sweeps.settings.urls import without_login, without_password
from garment_sweeps.tracking import tags
from garment_sweeps.tracking.answers import is_away, is_refused
from garment_sweeps.tracking.client import experiment_id_of, tracking_client
from garment_sweeps.tracking.code_state import git_commit
from garment_sweeps.tracking.parts import BATCH, batches
from garment_sweeps.tracking.provenance import Provenance, Sources, user
from garment_sweeps.tracking.record import as_param, now_ms
from garment_sweeps.tracking.runs import has_trials, keep_one, objective_of, sweeps_of
from garment_sweeps.tracking.types import MlflowClient, Run
from garment_uv.config import Config
from garment_uv.errors import Unreachable, UserError

BASELINES_FILE = "baselines.json"
STATUS = {"complete": "FINISHED", "failed": "FAILED", "killed": "KILLED"}
"""MLflow's status for each way in which a session of a sweep ends."""
SETTLE_S = 0.5
"""After a run was made, the time for others made at the same moment to become visible, so that all prefer the same."""


class TrackingConfig(Config):
    """What a trial is told of its sweep's run in MLflow."""

    uri: str
    """Without a password, which each process has from its own environment (see `environment.own_uri`)."""
    experiment_id: str
    parent_run_id: str
    wait_s: float = Field(default=5.0, ge=0)
    """Seconds that a trial which has ended waits for MLflow to move, before what is left goes to the outbox."""
    provenance: Provenance | None = None
    """As the driver took it; None lets each trial look for itself."""

    @field_validator("uri")
    @classmethod
    def _travels_without_password(cls, uri: str) -> str:
        return without_password(uri)


@dataclass(frozen=True)
class SweepRun:
    """One sweep's run in MLflow; `start` finds it again after a restart."""

    client: MlflowClient
    run_id: str
    experiment_id: str

    @classmethod
    def start(
        cls,
        experiment_name: str,
        sweep_name: str,
        description: dict[str, Any],
        provenance: Provenance | None = None,
        study: str = "",
    ) -> "SweepRun":
        """The parent run of `sweep_name`, made where it is missing.

        Args:
            experiment_name: MLflow experiment, one per experiment module.
            sweep_name: unique over all experiments; what `garment leaderboard SWEEP` takes.
            description: logged as parameters (values of any JSON type).
            provenance: of the session that makes the run; each trial names that of its own.
            study: identity of the sweep's study; a run of before studies had any is taken over.

        Raises:
            Unreachable: MLflow does not answer, or not any more.
            UserError: the run of that name is another study's.
        """
        client = tracking_client()
        try:
            return _open(client, experiment_name, sweep_name, description, provenance, study)
        except Exception as error:
            shown = without_login(client.tracking_uri)
            if is_refused(error):
                raise UserError(f"MLflow at {shown} refuses the run of this sweep ({first_line(error)})") from None
            if not is_away(error):
                raise
            raise Unreachable(f"MLflow at {shown} went away ({first_line(error)}); look at it") from None

    def for_trials(self, provenance: Provenance) -> TrackingConfig:
        """What this sweep's trials are told."""
        ids = {"experiment_id": self.experiment_id, "parent_run_id": self.run_id}
        return TrackingConfig(uri=tracking_uri(), provenance=provenance, **ids)

    def log_baselines(self, table: dict[str, dict[str, float]]) -> None:
        """Keeps the baselines' S2S ({baseline: {metric: mm}}) as a JSON artifact; the sweep's objective as metrics."""
        objective = objective_of(self.client.get_run(self.run_id))
        shown = {f"baselines/{name}": metrics[objective] for name, metrics in table.items() if objective in metrics}
        self._log_metrics(shown, None)
        self.client.log_dict(self.run_id, table, BASELINES_FILE)

    def log_sources(self, sources: Sources) -> None:
        """Keeps the diff and the experiment's file that the provenance speaks of, unless they are there."""
        place = sources.provenance.source
        logged = {Path(item.path).name for item in self.client.list_artifacts(self.run_id, place)} if place else set()
        for name, text in sources.texts.items():
            if name not in logged:
                self.client.log_text(self.run_id, text, f"{place}/{name}")

    def log_summary(self, summary: dict[str, Any], at_ms: int | None = None) -> None:
        """Logs how the sweep stands: numbers of `summary` become metrics, the rest tags.

        Called again with the same `at_ms` (ms since 1970; now by default) it changes nothing.
        """
        numbers = {name: float(value) for name, value in summary.items() if isinstance(value, int | float)}
        self._log_metrics(numbers, at_ms)
        for name, value in summary.items():
            if name not in numbers:
                self.client.set_tag(self.run_id, f"garment.{name}", str(value))

    def end(self, status: str, at_ms: int | None = None) -> None:
        """Ends the run, as of `at_ms`, now by default.

        `status` is a key of `STATUS`: 'complete'; 'failed' where the sweep gave up; 'killed' where it was stopped.
        """
        self.client.set_terminated(self.run_id, STATUS[status], end_time=at_ms)

    def _log_metrics(self, values: dict[str, float], at_ms: int | None) -> None:
        """Finite metrics of step 0."""
        from mlflow.entities import Metric

        when = now_ms() if at_ms is None else at_ms
        metrics = [Metric(name, float(value), when, 0) for name, value in values.items() if math.isfinite(value)]
        for some in batches(metrics, BATCH):
            self.client.log_batch(self.run_id, metrics=some)


@tenacity.retry(
    retry=tenacity.retry_if_exception(lambda error: "IntegrityError" in str(error)),
    stop=tenacity.stop_after_attempt(5),
    wait=tenacity.wait_random(0.05, 0.3),
    reraise=True,
)
def _open(
    client: MlflowClient,
    experiment_name: str,
    sweep_name: str,
    description: dict[str, Any],
    provenance: Provenance | None,
    study: str,
) -> SweepRun:
    """Again where another process wrote the same rows at the same moment: MLflow then refuses one of the two."""
    from mlflow.entities import Param

    experiment_id = experiment_id_of(client, experiment_name)
    known = _find(client, experiment_id, sweep_name)
    if known is None:
        marks = (provenance or Provenance(commit=git_commit())).tags()
        own = {tags.SWEEP: sweep_name, tags.ROLE: "sweep", "mlflow.user": user()}
        client.create_run(experiment_id, run_name=sweep_name, tags={**marks, **own})
        time.sleep(SETTLE_S)
        known = _find(client, experiment_id, sweep_name)
        if known is None:
            raise UserError(f"the run of sweep {sweep_name!r} was deleted in MLflow while it began; start it again")
    elif known.data.tags.get(tags.STUDY, study) != study:
        raise UserError(
            f"MLflow holds a sweep named {sweep_name!r} of another study; give another --name, or begin anew with "
            "--overwrite, which removes it"
        )
    else:
        client.update_run(known.info.run_id, status="RUNNING")
        if tags.REASON in known.data.tags:  # of an earlier session's end
            client.delete_tag(known.info.run_id, tags.REASON)
    if study and tags.STUDY not in known.data.tags:
        client.set_tag(known.info.run_id, tags.STUDY, study)
    missing = [Param(name, as_param(value)) for name, value in description.items() if name not in known.data.params]
    for some in batches(missing, 100):  # the first value of each is the one that MLflow keeps
        client.log_batch(known.info.run_id, params=some)
    return SweepRun(client, known.info.run_id, experiment_id)


def _find(client: MlflowClient, experiment_id: str, sweep_name: str) -> Run | None:
    """The sweep's run in its own experiment, or None; where two were made, the one with trials is kept."""
    known = sweeps_of(client, sweep_name, experiment_id)
    return keep_one(client, known, lambda run: has_trials(client, run)) if known else None
