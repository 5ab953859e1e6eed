"""One run for one thing: found again by its tags, and where two were made for it, one of them deleted.

MLflow cannot be asked to make a run only where there is none. An attempt that is killed after it asked for a run, or
one that wakes up late on a node that was thought dead, can leave a second run behind. So whoever makes one looks again
afterwards, everybody prefers the same one by the same rule, and the others are deleted by whoever sees them.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from garment_sweeps.tracking import tags
from garment_sweeps.tracking.record import EPOCH_METRIC

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run


def trial_query(parent_run_id: str, trial_id: str) -> str:
    """Filter of all runs of that trial under that parent."""
    return f"tags.`{tags.TRIAL}` = '{trial_id}' and tags.`{tags.PARENT}` = '{parent_run_id}'"


def find_one(client: "MlflowClient", experiment_ids: list[str], query: str, filled: Callable[["Run"], Any]) -> Any:
    """The run that the query means, or None; where there are several, all but the preferred one are deleted.

    Preferred is one that is `filled` already, then the one that was begun first, then the lowest id.
    """
    runs = list(client.search_runs(experiment_ids, query))
    return keep_one(client, runs, filled) if runs else None


def keep_one(client: "MlflowClient", runs: list["Run"], filled: Callable[["Run"], Any]) -> "Run":
    """The preferred one of `runs` of the same thing; the others are deleted. MLflow can restore what it deleted."""
    if len(runs) == 1:
        return runs[0]
    kept, *others = sorted(runs, key=lambda run: (not filled(run), run.info.start_time, run.info.run_id))
    for other in others:
        client.delete_run(other.info.run_id)
    return kept


def has_results(run: "Run") -> bool:
    """Whether a trial's run holds an epoch or an outcome."""
    return EPOCH_METRIC in run.data.metrics or tags.OUTCOME in run.data.tags


def run_or_none(client: "MlflowClient", run_id: str) -> "Run | None":
    """The run of that id; None where MLflow knows of none."""
    from mlflow.exceptions import MlflowException

    try:
        return client.get_run(run_id)
    except MlflowException:
        return None
