"""The metric that a sweep makes small, as its run in MLflow says."""

from typing import TYPE_CHECKING

from garment_sweeps.tracking.record import HEADLINE

if TYPE_CHECKING:
    from mlflow.entities import Run

PARAMETER = "metric"
"""Of a sweep's run: the experiment's `metric`."""


def objective_of(sweep: "Run") -> str:
    """The metric, in mm, by which the trials of a sweep's run are ranked; that of all garments for runs of before."""
    return sweep.data.params.get(PARAMETER) or HEADLINE
