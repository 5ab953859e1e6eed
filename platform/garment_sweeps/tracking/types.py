"""MLflow's own types, for rooms that look at runs and need not import MLflow; there for type checkers alone."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow import MlflowClient as MlflowClient
    from mlflow.entities import Run as Run
