"""Clients of the store of records, answered once or still to be, and MLflow's experiments."""

import logging
import os

from garment_sweeps.settings.environment import find_home, tracking_uri
from garment_sweeps.settings.masking import first_line
from garment_sweeps.settings.urls import without_login
from garment_sweeps.tracking.answers import login_refused
from garment_sweeps.tracking.home import artifact_location, open_home, register_artifacts, store_file
from garment_sweeps.tracking.types import MlflowClient
from garment_uv.errors import Unreachable, UserError

_QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",  # who must not lose anything tries again himself
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "GIT_PYTHON_REFRESH": "quiet",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
"""MLflow's settings where the environment has no others."""
_LEVELS = {
    "alembic": logging.WARNING,
    "mlflow.store": logging.WARNING,
    "mlflow.tracking": logging.WARNING,
    "urllib3.connectionpool": logging.ERROR,  # one warning a try while a server is away
}


def tracking_client(uri: str | None = None) -> MlflowClient:
    """A client that has been answered once; UserError in one line where nothing answers, or where it is refused.

    The first answer of a local SQLite store also creates it, so that no two trials race to do so.
    """
    uri = uri or tracking_uri()
    client = open_client(uri)
    from mlflow.exceptions import MlflowException

    try:
        client.search_experiments(max_results=1)
    except (MlflowException, OSError) as error:
        shown = without_login(uri)
        if login_refused(error) == 401:
            raise UserError(
                f"MLflow at {shown} does not know this user or password; set MLFLOW_TRACKING_USERNAME and "
                "MLFLOW_TRACKING_PASSWORD"
            ) from None
        reason = first_line(str(error).replace(uri, shown), 160)
        raise Unreachable(
            f"MLflow at {shown} does not answer ({reason}); start it, or unset "
            "MLFLOW_TRACKING_URI to track into a local SQLite file"
        ) from None
    if (store := store_file(uri)) is not None:
        open_home(find_home(), store)
    return client


def open_client(uri: str) -> MlflowClient:
    """A client that has asked nothing yet, for those who mean to try again until they are answered."""
    if uri.partition(":")[0] not in {"http", "https", "sqlite", "postgresql", "postgresql+psycopg2"}:
        raise UserError(
            f"MLFLOW_TRACKING_URI is {without_login(uri)!r}; MLflow needs http(s)://, sqlite:/// or postgresql://"
        )
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    for name, level in _LEVELS.items():
        logging.getLogger(name).setLevel(level)
    import mlflow

    if (store := store_file(uri)) is not None:
        store.parent.mkdir(parents=True, exist_ok=True)
        register_artifacts()
    return mlflow.MlflowClient(tracking_uri=uri, registry_uri=uri)


def experiment_id_of(client: MlflowClient, name: str) -> str:
    """Id of the MLflow experiment of that name, made (or brought back from the bin) where it is missing.

    A local store keeps its artifacts in the garment home; a server decides for itself.
    """
    from mlflow.exceptions import MlflowException

    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        location = artifact_location(name) if store_file(client.tracking_uri) is not None else None
        try:
            return client.create_experiment(name, artifact_location=location)
        except MlflowException:
            experiment = client.get_experiment_by_name(name)
            if experiment is None:
                raise
    if experiment.lifecycle_stage == "deleted":
        client.restore_experiment(experiment.experiment_id)
    return experiment.experiment_id
