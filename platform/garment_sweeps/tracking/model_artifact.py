"""The model folder of a run: fetched to disk, with its digest checked before anything reads it."""

import hashlib
import math
from pathlib import Path

from garment_sweeps.settings.masking import first_line
from garment_sweeps.tracking import tags
from garment_sweeps.tracking.types import MlflowClient
from garment_uv.errors import UserError

MODEL_ARTIFACT = "model"
"""Artifact path of a trial's inference model."""
GALLERY_ARTIFACT = "gallery"
"""Artifact path of a trial's meshes and pictures; `garment compare` reads them there."""
SCORES_ARTIFACT = "scores"
"""Artifact path of the S2S of every garment at the last evaluation (see `garment_uv.metrics.scores_file`)."""


def weights_sha256(folder: Path) -> str:
    """sha256 over the safetensors files of a model folder, in the order of their names."""
    files = sorted(Path(folder).glob("*.safetensors"))
    if not files:
        raise UserError(f"{folder} holds no .safetensors file; give the folder of a saved model")
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def model_tags(folder: Path, epoch: int, metrics: dict[str, float]) -> dict[str, str]:
    """Tags of a run that keeps this model: the weights' sha256, the epoch, and finite metrics of the model."""
    shown = {f"garment.model.{k.replace('/', '.')}": repr(float(v)) for k, v in metrics.items() if math.isfinite(v)}
    return {tags.MODEL_SHA256: weights_sha256(folder), "garment.model.epoch": str(epoch), **shown}


def fetch_model(client: MlflowClient, run_id: str, folder: Path) -> Path:
    """Downloads a run's model into `folder` and returns its path; UserError where it is missing or altered."""
    path = download_model(client, run_id, folder)
    expected, actual = logged_sha256(client, run_id), weights_sha256(path)
    if actual != expected:
        raise UserError(
            f"the model of run {run_id} is not the one that was logged (sha256 {actual[:12]} instead of "
            f"{expected[:12]}); train the trial again or restore the artifact store"
        )
    return path


def logged_sha256(client: MlflowClient, run_id: str) -> str:
    """Of the weights of a run's model, as the run logged it; UserError where it kept no model."""
    actual = client.get_run(run_id).data.tags.get(tags.MODEL_SHA256)
    if actual is None:
        raise UserError(f"run {run_id} kept no model: only trials that trained all their epochs do")
    return actual


def download_model(client: MlflowClient, run_id: str, folder: Path) -> Path:
    """The same, unchecked: for those who compare the digest themselves before they read anything."""
    from mlflow.exceptions import MlflowException

    logged_sha256(client, run_id)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        return Path(client.download_artifacts(run_id, MODEL_ARTIFACT, str(folder)))
    except (MlflowException, OSError) as error:
        raise UserError(f"the model of run {run_id} cannot be fetched: {first_line(error)}") from None
