"""What a page needs of each run beside its metrics: meshes, scores and curves, fetched from MLflow."""

import math
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from garment_sweeps.tracking.model_artifact import GALLERY_ARTIFACT, SCORES_ARTIFACT
from garment_uv.metrics.scores_file import SCORES_FILE, SampleScore, read_scores

if TYPE_CHECKING:
    from garment_sweeps.tracking.types import MlflowClient, Run
    from garment_uv.viewing.exhibits import Exhibit

Curve = list[tuple[int, float]]
"""Epoch and value, by epoch."""


@dataclass(frozen=True)
class ComparedRun:
    """One run, as a column of the page."""

    name: str
    run: "Run"
    exhibits: tuple["Exhibit", ...]
    """Empty where the run kept no meshes."""
    scores: tuple[SampleScore, ...]
    """Of its last evaluation; empty where it kept none."""
    curves: dict[str, Curve]
    """By metric."""


def fetch_run(client: "MlflowClient", name: str, run: "Run", metrics: list[str]) -> ComparedRun:
    """Everything of a run, and the curves of those of `metrics` that it has."""
    run_id = run.info.run_id
    kept = {item.path for item in client.list_artifacts(run_id)}
    with TemporaryDirectory() as folder:
        exhibits = _exhibits(client, run_id, folder) if GALLERY_ARTIFACT in kept else ()
        scores = _scores(client, run_id, folder) if SCORES_ARTIFACT in kept else ()
    curves = {metric: _curve(client, run_id, metric) for metric in metrics if metric in run.data.metrics}
    return ComparedRun(name, run, exhibits, scores, curves)


def _exhibits(client: "MlflowClient", run_id: str, folder: str) -> tuple["Exhibit", ...]:
    from garment_uv.viewing.exhibits import MESHES_FILE, read_gallery

    path = client.download_artifacts(run_id, f"{GALLERY_ARTIFACT}/{MESHES_FILE}", folder)
    scores = f"{GALLERY_ARTIFACT}/{SCORES_FILE}"
    if scores in {item.path for item in client.list_artifacts(run_id, GALLERY_ARTIFACT)}:
        client.download_artifacts(run_id, scores, folder)
    return tuple(read_gallery(Path(path).parent))


def _scores(client: "MlflowClient", run_id: str, folder: str) -> tuple[SampleScore, ...]:
    path = client.download_artifacts(run_id, f"{SCORES_ARTIFACT}/{SCORES_FILE}", folder)
    return tuple(read_scores(Path(path)))


def _curve(client: "MlflowClient", run_id: str, metric: str) -> Curve:
    points = {m.step: m.value for m in client.get_metric_history(run_id, metric) if math.isfinite(m.value)}
    return sorted(points.items())
