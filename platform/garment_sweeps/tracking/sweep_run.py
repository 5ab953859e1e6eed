"""The parent run of a sweep, written by the driver alone."""

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tenacity

from garment_sweeps.settings.masking import first_line
from garment_sweeps.settings.urls import without_login
from garment_sweeps.tracking import tags
from garment_sweeps.tracking.answers import is_away, is_refused
from garment_sweeps.tracking.code_state import git_commit
from garment_sweeps.tracking.objective import objective_of
from garment_sweeps.tracking.one_run import keep_one
from garment_sweeps.tracking.provenance import Provenance, Sources, user
from garment_sweeps.tracking.record import as_param, now_ms
from garment_sweeps.tracking.settings import experiment_id_of, tracking_client
from garment_uv.errors import Unreachable, UserError

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

BASELINES_FILE = "baselines.json"
STATUS = {"complete": "FINISHED", "failed": "FAILED", "killed": "KILLED"}
"""MLflow's status for each way in which a session of a sweep ends."""
SETTLE_S = 0.5
"""After a run was made, the time for others made at the same moment to become visible, so that all prefer the same."""


@dataclass(frozen=True)
class SweepRun:
    """One sweep's run in MLflow; `start` finds it again after a restart."""

    client: "MlflowClient"
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
            marks = (provenance or Provenance(commit=git_commit())).tags()
            return _retrying()(cls._open, client, experiment_name, sweep_name, description, marks, study)
        except Exception as error:
            shown = without_login(client.tracking_uri)
            if is_refused(error):
                raise UserError(f"MLflow at {shown} refuses the run of this sweep ({first_line(error)})") from None
            if not is_away(error):
                raise
            raise Unreachable(f"MLflow at {shown} went away ({first_line(error)}); look at it") from None

    @classmethod
    def _open(
        cls,
        client: "MlflowClient",
        experiment_name: str,
        sweep_name: str,
        description: dict[str, Any],
        marks: dict[str, str],
        study: str,
    ) -> "SweepRun":
        experiment_id = experiment_id_of(client, experiment_name)
        known = _find(client, experiment_id, sweep_name)
        if known is None:
            known = _make(client, experiment_id, sweep_name, marks)
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
        missing = {name: value for name, value in description.items() if name not in known.data.params}
        log_parameters(client, known.info.run_id, missing)  # the first value of each is the one that MLflow keeps
        return cls(client, known.info.run_id, experiment_id)

    def log_baselines(self, table: dict[str, dict[str, float]]) -> None:
        """Keeps the baselines' S2S ({baseline: {metric: mm}}) as a JSON artifact; the sweep's objective as metrics."""
        objective = objective_of(self.client.get_run(self.run_id))
        shown = {f"baselines/{name}": metrics[objective] for name, metrics in table.items() if objective in metrics}
        log_metrics(self.client, self.run_id, shown, 0)
        self.client.log_dict(self.run_id, table, BASELINES_FILE)

    def log_sources(self, sources: Sources) -> None:
        """Keeps the diff and the experiment's file that the provenance speaks of, unless they are there."""
        place = sources.provenance.source
        logged = {Path(item.path).name for item in self.client.list_artifacts(self.run_id, place)} if place else set()
        for name, text in sources.texts.items():
            if name not in logged:
                self.client.log_text(self.run_id, text, f"{place}/{name}")

    def set_tags(self, values: dict[str, str]) -> None:
        """Sets tags on the parent run."""
        for name, value in values.items():
            self.client.set_tag(self.run_id, name, value)

    def finish(self, status: str, summary: dict[str, Any], at_ms: int | None = None) -> None:
        """Ends the run; numbers of `summary` become metrics, the rest tags.

        `status` is a key of `STATUS`: 'complete'; 'failed' where the sweep gave up; 'killed' where it was stopped.
        Called again with the same `at_ms` (ms since 1970; now by default) it changes nothing.
        """
        self.log_summary(summary, at_ms)
        self.end(status, at_ms)

    def log_summary(self, summary: dict[str, Any], at_ms: int | None = None) -> None:
        """Logs how the sweep stands, as `finish` does."""
        numbers = {k: float(v) for k, v in summary.items() if isinstance(v, int | float)}
        log_metrics(self.client, self.run_id, numbers, 0, at_ms)
        self.set_tags({f"garment.{k}": str(v) for k, v in summary.items() if k not in numbers})

    def end(self, status: str, at_ms: int | None = None) -> None:
        """Ends the run, as `finish` does."""
        self.client.set_terminated(self.run_id, STATUS[status], end_time=at_ms)


def _retrying() -> tenacity.Retrying:
    """Again where another process wrote the same rows at the same moment: MLflow then refuses one of the two."""
    return tenacity.Retrying(
        retry=tenacity.retry_if_exception(lambda error: "IntegrityError" in str(error)),
        stop=tenacity.stop_after_attempt(5),
        wait=tenacity.wait_random(0.05, 0.3),
        reraise=True,
    )


def find_sweep(client: "MlflowClient", sweep_name: str) -> "Run":
    """The parent run of that sweep in any experiment; UserError that lists what exists."""
    known = sweep_or_none(client, sweep_name)
    if known is not None:
        return known
    experiments = [e.experiment_id for e in client.search_experiments()]
    names = sorted({r.data.tags[tags.SWEEP] for r in _search(client, experiments, None)})
    raise UserError(f"no sweep named {sweep_name!r} is tracked; there is: {', '.join(names) or 'none yet'}")


def sweep_or_none(client: "MlflowClient", sweep_name: str) -> "Run | None":
    """The parent run of that sweep in any experiment; None where there is none."""
    experiments = [e.experiment_id for e in client.search_experiments()]
    return next(iter(_search(client, experiments, sweep_name)), None)


def delete_sweeps(client: "MlflowClient", sweep_name: str) -> int:
    """Deletes the runs of all sweeps of that name with their trials', and returns how many; MLflow can restore them."""
    experiments = [e.experiment_id for e in client.search_experiments()]
    sweeps = _search(client, experiments, sweep_name)
    runs = [run for sweep in sweeps for run in (*_children(client, sweep), sweep)]
    for run in runs:
        client.delete_run(run.info.run_id)
    return len(runs)


def trials_of(client: "MlflowClient", sweep: "Run", status: str = "") -> list["Run"]:
    """All child runs of a sweep, or those of one status as 'RUNNING', in the order in which they were made."""
    return sorted(_children(client, sweep, status), key=lambda run: (run.info.start_time, run.info.run_id))


def _children(client: "MlflowClient", sweep: "Run", status: str = "", max_results: int = 0) -> list["Run"]:
    query = f"tags.`{tags.PARENT}` = '{sweep.info.run_id}'" + (f" and attributes.status = '{status}'" if status else "")
    runs: list[Run] = []
    token = None
    with _no_collection():
        while True:
            where = [sweep.info.experiment_id]
            page = client.search_runs(where, query, max_results=max_results or 1000, page_token=token)
            runs += page
            token = page.token
            if not token or max_results:
                return runs


@contextmanager
def _no_collection() -> Iterator[None]:
    """Without garbage collection inside: a thousand runs are many objects, none of them garbage, and to look through
    them again and again takes longer than MLflow does.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def log_parameters(client: "MlflowClient", run_id: str, values: dict[str, Any]) -> None:
    """Logs parameters in batches of at most 100 (see `as_param`)."""
    from mlflow.entities import Param

    params = [Param(name, as_param(value)) for name, value in values.items()]
    for start in range(0, len(params), 100):
        client.log_batch(run_id, params=params[start : start + 100])


def log_metrics(
    client: "MlflowClient", run_id: str, values: dict[str, float], step: int, at_ms: int | None = None
) -> None:
    """Logs finite metrics of one step in one request."""
    import math

    from mlflow.entities import Metric

    when = now_ms() if at_ms is None else at_ms
    metrics = [Metric(k, float(v), when, step) for k, v in values.items() if math.isfinite(v)]
    for start in range(0, len(metrics), 1000):
        client.log_batch(run_id, metrics=metrics[start : start + 1000])


def _find(client: "MlflowClient", experiment_id: str, sweep_name: str) -> "Run | None":
    """The sweep's run in its own experiment, or None; where two were made, the one with trials is kept."""
    known = _search(client, [experiment_id], sweep_name)
    return keep_one(client, known, lambda run: bool(_children(client, run, max_results=1))) if known else None


def _make(client: "MlflowClient", experiment_id: str, sweep_name: str, marks: dict[str, str]) -> "Run":
    own = {tags.SWEEP: sweep_name, tags.ROLE: "sweep", "mlflow.user": user()}
    client.create_run(experiment_id, run_name=sweep_name, tags={**marks, **own})
    time.sleep(SETTLE_S)
    known = _find(client, experiment_id, sweep_name)
    if known is None:
        raise UserError(f"the run of sweep {sweep_name!r} was deleted in MLflow while it began; start it again")
    return known


def _search(client: "MlflowClient", experiments: list[str], sweep_name: str | None) -> list["Run"]:
    query = f"tags.`{tags.ROLE}` = 'sweep'"
    if sweep_name is not None:
        if "'" in sweep_name or '"' in sweep_name:
            raise UserError(f"a sweep's name holds no quotes, was given {sweep_name!r}")
        query += f" and tags.`{tags.SWEEP}` = '{sweep_name}'"
    return list(client.search_runs(experiments, query, max_results=1000)) if experiments else []
