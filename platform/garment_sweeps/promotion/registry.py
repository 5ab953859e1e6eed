"""Model versions in MLflow's registry: one version per set of weights, whoever asks how often."""

from typing import TYPE_CHECKING

from garment_sweeps.tracking import tags
from garment_sweeps.tracking.model_artifact import MODEL_ARTIFACT

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

MODEL_NAME = "garment-uv"
"""Name of the registered model."""


def find_version(client: "MlflowClient", sha256: str) -> "ModelVersion | None":
    """The version with these weights, or None."""
    versions = client.search_model_versions(f"name = '{MODEL_NAME}'")
    return next((v for v in versions if v.tags.get(tags.MODEL_SHA256) == sha256), None)


def register(client: "MlflowClient", run_id: str, sha256: str, description: str) -> "ModelVersion":
    """The version with these weights, made from the run's model artifact where there is none yet."""
    from mlflow.exceptions import MlflowException

    version = find_version(client, sha256)
    if version is not None:
        return version
    try:
        client.create_registered_model(MODEL_NAME, description="UV-map GAN: garments from one RGB image and a body")
    except MlflowException:
        client.get_registered_model(MODEL_NAME)
    source = f"{client.get_run(run_id).info.artifact_uri}/{MODEL_ARTIFACT}"
    return client.create_model_version(
        MODEL_NAME, source, run_id=run_id, tags={tags.MODEL_SHA256: sha256}, description=description
    )


def version_of_alias(client: "MlflowClient", alias: str) -> "ModelVersion | None":
    """The version that an alias names, or None; a server that fails to answer is an error, not a None."""
    from mlflow.exceptions import MlflowException

    try:
        return client.get_model_version_by_alias(MODEL_NAME, alias)
    except MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            return None
        raise
