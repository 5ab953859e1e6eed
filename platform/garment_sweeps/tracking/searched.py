"""What the search decided of a trial, by config path, as its run holds it."""

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow.entities import Run

SEARCHED = "searched/"
"""Before a path: among the parameters the value with which the trial began, among the metrics that of each epoch,
where it may change in mid-training."""


def last_params(run: "Run") -> dict[str, str]:
    """A trial's parameters as it ended: in population based training some change, and are logged as curves."""
    params = dict(run.data.params)
    for name, value in run.data.metrics.items():
        path = name.removeprefix(SEARCHED)
        if path != name and path in params:
            params[path] = json.dumps(_kind(params[path])(value))
    return params


def _kind(text: str) -> type:
    """Of a number that MLflow keeps as text: metrics are floats, also of integers and switches."""
    try:
        return {int: int, bool: bool}.get(type(json.loads(text)), float)
    except ValueError:
        return float
