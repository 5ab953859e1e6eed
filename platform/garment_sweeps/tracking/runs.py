"""Runs in MLflow: the sweep's, its trials', and what they say.

MLflow cannot be asked to make a run only where there is none. An attempt that is killed after it asked for a run, or
one that wakes up late on a node that was thought dead, can leave a second run behind. So whoever makes one looks again
afterwards, everybody prefers the same one by the same rule, and the others are deleted by whoever sees them.
"""

import gc
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from garment_sweeps.tracking import tags
from garment_sweeps.tracking.record import EPOCH_METRIC, HEADLINE
from garment_sweeps.tracking.types import MlflowClient, Run
from garment_uv.errors import UserError

SEARCHED = "searched/"
"""Before a config path: among a trial's parameters the value with which it began, among its metrics that of each epoch,
where it may change in mid-training."""


def keep_one(client: MlflowClient, runs: list[Run], filled: Callable[[Run], Any]) -> Run:
    """The preferred one of `runs` of the same thing; the others are deleted. MLflow can restore what it deleted.

    Preferred is one that is `filled` already, then the one that was begun first, then the lowest id.
    """
    if len(runs) == 1:
        return runs[0]
    kept, *others = sorted(runs, key=lambda run: (not filled(run), run.info.start_time, run.info.run_id))
    for other in others:
        client.delete_run(other.info.run_id)
    return kept


def has_results(run: Run) -> bool:
    """Whether a trial's run holds an epoch or an outcome."""
    return EPOCH_METRIC in run.data.metrics or tags.OUTCOME in run.data.tags


def find_trial(client: MlflowClient, experiment_id: str, parent_run_id: str, trial_id: str) -> Run | None:
    """The trial's run under that parent, or None; a second one that was made by accident is deleted."""
    query = f"tags.`{tags.TRIAL}` = '{trial_id}' and tags.`{tags.PARENT}` = '{parent_run_id}'"
    runs = list(client.search_runs([experiment_id], query))
    return keep_one(client, runs, has_results) if runs else None


def find_sweep(client: MlflowClient, sweep_name: str) -> Run:
    """The parent run of that sweep in any experiment; UserError that lists what exists."""
    known = sweep_or_none(client, sweep_name)
    if known is not None:
        return known
    names = sorted({run.data.tags[tags.SWEEP] for run in sweeps_of(client, None)})
    raise UserError(f"no sweep named {sweep_name!r} is tracked; there is: {', '.join(names) or 'none yet'}")


def sweep_or_none(client: MlflowClient, sweep_name: str) -> Run | None:
    """The parent run of that sweep in any experiment; None where there is none."""
    return next(iter(sweeps_of(client, sweep_name)), None)


def sweeps_of(client: MlflowClient, sweep_name: str | None, experiment_id: str | None = None) -> list[Run]:
    """The parent runs of all sweeps of that name (None: of any), in one experiment or all."""
    query = f"tags.`{tags.ROLE}` = 'sweep'"
    if sweep_name is not None:
        if "'" in sweep_name or '"' in sweep_name:
            raise UserError(f"a sweep's name holds no quotes, was given {sweep_name!r}")
        query += f" and tags.`{tags.SWEEP}` = '{sweep_name}'"
    where = [experiment_id] if experiment_id else [e.experiment_id for e in client.search_experiments()]
    return list(client.search_runs(where, query, max_results=1000)) if where else []


def delete_sweeps(client: MlflowClient, sweep_name: str) -> int:
    """Deletes the runs of all sweeps of that name with their trials', and returns how many; MLflow can restore them."""
    runs = [run for sweep in sweeps_of(client, sweep_name) for run in (*trials_of(client, sweep), sweep)]
    for run in runs:
        client.delete_run(run.info.run_id)
    return len(runs)


def trials_of(client: MlflowClient, sweep: Run, status: str = "") -> list[Run]:
    """All child runs of a sweep, or those of one status as 'RUNNING', in the order in which they were made."""
    query = _children_of(sweep) + (f" and attributes.status = '{status}'" if status else "")
    runs: list[Run] = []
    token = None
    with _no_collection():
        while True:
            page = client.search_runs([sweep.info.experiment_id], query, max_results=1000, page_token=token)
            runs += page
            if not (token := page.token):
                return sorted(runs, key=lambda run: (run.info.start_time, run.info.run_id))


def has_trials(client: MlflowClient, sweep: Run) -> bool:
    """Whether a sweep's run has a child."""
    return bool(client.search_runs([sweep.info.experiment_id], _children_of(sweep), max_results=1))


def set_tags(client: MlflowClient, run_id: str, values: dict[str, str]) -> None:
    """Sets tags of a run in one request."""
    from mlflow.entities import RunTag

    client.log_batch(run_id, tags=[RunTag(name, value) for name, value in values.items()])


def run_or_none(client: MlflowClient, run_id: str) -> Run | None:
    """The run of that id; None where MLflow knows of none."""
    from mlflow.exceptions import MlflowException

    try:
        return client.get_run(run_id)
    except MlflowException:
        return None


def objective_of(sweep: Run) -> str:
    """The metric, in mm, by which the trials of a sweep's run are ranked; that of all garments for runs of before."""
    return sweep.data.params.get("metric") or HEADLINE


def last_params(run: Run) -> dict[str, str]:
    """A trial's parameters as it ended: in population based training some change, and are logged as curves."""
    params = dict(run.data.params)
    for name, value in run.data.metrics.items():
        path = name.removeprefix(SEARCHED)
        if path != name and path in params:
            params[path] = json.dumps(_kind(params[path])(value))
    return params


def _children_of(sweep: Run) -> str:
    return f"tags.`{tags.PARENT}` = '{sweep.info.run_id}'"


def _kind(text: str) -> type:
    """Of a number that MLflow keeps as text: metrics are floats, also of integers and switches."""
    try:
        return {int: int, bool: bool}.get(type(json.loads(text)), float)
    except ValueError:
        return float


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
