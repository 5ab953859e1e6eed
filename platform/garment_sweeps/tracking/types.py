"""MLflow's types for annotations: to name one takes no import of MLflow, since only type checkers see more than Any."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlflow import MlflowClient as MlflowClient
    from mlflow.entities import Metric as Metric
    from mlflow.entities import Run as Run
    from mlflow.entities.model_registry import ModelVersion as ModelVersion
else:
    Metric = MlflowClient = ModelVersion = Run = Any
