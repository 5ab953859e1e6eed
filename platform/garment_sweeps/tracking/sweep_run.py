"""The parent run of a sweep, written by the driver alone."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from garment_sweeps.tracking import tags
from garment_sweeps.tracking.provenance import git_commit, user
from garment_sweeps.tracking.settings import experiment_id_of, tracking_client
from garment_uv.errors import UserError

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

BASELINES_FILE = "baselines.json"


@dataclass(frozen=True)
class SweepRun:
    """One sweep's run in MLflow; `start` finds it again after a restart."""

    client: "MlflowClient"
    run_id: str
    experiment_id: str

    @classmethod
    def start(cls, experiment_name: str, sweep_name: str, description: dict[str, Any]) -> "SweepRun":
        """The parent run of `sweep_name`, made where it is missing.

        Args:
            experiment_name: MLflow experiment, one per experiment module.
            sweep_name: unique over all experiments; what `garment leaderboard SWEEP` takes.
            description: logged as parameters (values of any JSON type).
        """
        client = tracking_client()
        experiment_id = experiment_id_of(client, experiment_name)
        found = _search(client, [experiment_id], sweep_name)
        if found:
            run_id = found[0].info.run_id
            client.update_run(run_id, status="RUNNING")
            return cls(client, run_id, experiment_id)
        run = client.create_run(
            experiment_id,
            run_name=sweep_name,
            tags={
                tags.SWEEP: sweep_name,
                tags.ROLE: "sweep",
                "mlflow.user": user(),
                "mlflow.source.git.commit": git_commit(),
            },
        )
        log_parameters(client, run.info.run_id, description)
        return cls(client, run.info.run_id, experiment_id)

    def log_baselines(self, table: dict[str, dict[str, float]]) -> None:
        """Keeps each baseline's S2S metrics ({baseline: {metric: mm}}) as metrics and as a JSON artifact."""
        for baseline, metrics in table.items():
            log_metrics(self.client, self.run_id, {f"{baseline}/{name}": v for name, v in metrics.items()}, 0)
        self.client.log_dict(self.run_id, table, BASELINES_FILE)

    def set_tags(self, values: dict[str, str]) -> None:
        """Sets tags on the parent run."""
        for name, value in values.items():
            self.client.set_tag(self.run_id, name, value)

    def finish(self, status: str, summary: dict[str, Any]) -> None:
        """Ends the run: `status` is 'complete' or 'failed'; numbers of `summary` become metrics, the rest tags."""
        numbers = {k: float(v) for k, v in summary.items() if isinstance(v, int | float)}
        log_metrics(self.client, self.run_id, numbers, 0)
        self.set_tags({f"garment.{k}": str(v) for k, v in summary.items() if k not in numbers})
        self.client.set_terminated(self.run_id, "FINISHED" if status == "complete" else "FAILED")


def find_sweep(client: "MlflowClient", sweep_name: str) -> "Run":
    """The parent run of that sweep in any experiment; UserError that lists what exists."""
    experiments = [e.experiment_id for e in client.search_experiments()]
    found = _search(client, experiments, sweep_name)
    if found:
        return found[0]
    names = sorted({r.data.tags[tags.SWEEP] for r in _search(client, experiments, None)})
    raise UserError(f"no sweep named {sweep_name!r} is tracked; there is: {', '.join(names) or 'none yet'}")


def trials_of(client: "MlflowClient", sweep: "Run") -> list["Run"]:
    """All child runs of a sweep, in the order in which they were made."""
    query = f"tags.`{tags.PARENT}` = '{sweep.info.run_id}'"
    runs, token = [], None
    while True:
        page = client.search_runs([sweep.info.experiment_id], query, page_token=token)
        runs += page
        token = page.token
        if not token:
            return sorted(runs, key=lambda run: (run.info.start_time, run.info.run_id))


def log_parameters(client: "MlflowClient", run_id: str, values: dict[str, Any]) -> None:
    """Logs parameters in batches of at most 100, values that are not text as JSON, cut at 6,000 characters."""
    from mlflow.entities import Param

    params = [Param(k, (v if isinstance(v, str) else json.dumps(v))[:6000]) for k, v in values.items()]
    for start in range(0, len(params), 100):
        client.log_batch(run_id, params=params[start : start + 100])


def log_metrics(client: "MlflowClient", run_id: str, values: dict[str, float], step: int) -> None:
    """Logs finite metrics of one step in one request."""
    import math
    import time

    from mlflow.entities import Metric

    now = int(time.time() * 1000)
    metrics = [Metric(k, float(v), now, step) for k, v in values.items() if math.isfinite(v)]
    for start in range(0, len(metrics), 1000):
        client.log_batch(run_id, metrics=metrics[start : start + 1000])


def _search(client: "MlflowClient", experiments: list[str], sweep_name: str | None) -> list["Run"]:
    query = f"tags.`{tags.ROLE}` = 'sweep'"
    if sweep_name is not None:
        if "'" in sweep_name or '"' in sweep_name:
            raise UserError(f"a sweep's name holds no quotes, was given {sweep_name!r}")
        query += f" and tags.`{tags.SWEEP}` = '{sweep_name}'"
    return list(client.search_runs(experiments, query, max_results=1000)) if experiments else []
