"""Clients of the store of records, answered once or still to be, and MLflow's experiments."""

import os
from typing import TYPE_CHECKING

from garment_sweeps.settings.masking import first_line
from garment_sweeps.settings.tracking_store import garment_home, tracking_uri
from garment_sweeps.settings.urls import without_login
from garment_sweeps.tracking.home import artifact_location, open_home, register_artifacts, store_file
from garment_sweeps.tracking.refusals import refused_with
from garment_uv.errors import Unreachable, UserError

if TYPE_CHECKING:
    from mlflow import MlflowClient


def tracking_client(uri: str | None = None) -> "MlflowClient":
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
        if refused_with(error) == 401:
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
        open_home(garment_home(), store)
    return client


def open_client(uri: str) -> "MlflowClient":
    """A client that has asked nothing yet, for those who mean to try again until they are answered."""
    _check_scheme(uri)
    _be_quiet()
    from mlflow import MlflowClient

    if (store := store_file(uri)) is not None:
        store.parent.mkdir(parents=True, exist_ok=True)
        register_artifacts()
    return MlflowClient(tracking_uri=uri, registry_uri=uri)


def experiment_id_of(client: "MlflowClient", name: str) -> str:
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


def _check_scheme(uri: str) -> None:
    scheme = uri.partition(":")[0]
    if scheme not in {"http", "https", "sqlite", "postgresql", "postgresql+psycopg2"}:
        raise UserError(
            f"MLFLOW_TRACKING_URI is {without_login(uri)!r}; MLflow needs http(s)://, sqlite:/// or postgresql://"
        )


def _be_quiet() -> None:
    for name, value in {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",  # who must not lose anything tries again himself
        "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
        "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
        "GIT_PYTHON_REFRESH": "quiet",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    }.items():
        os.environ.setdefault(name, value)
    import logging

    for name in ("alembic", "mlflow.store", "mlflow.tracking"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)  # one warning a try while a server is away
