"""Runs of a sweep as MLflow would give them, made up: for pages of any size without a store."""

import numpy as np
import trimesh
from mlflow.entities import Metric, Param, Run, RunData, RunInfo, RunTag

from garment_sweeps.comparison.rows import Row
from garment_sweeps.comparison.runs import ComparedRun
from garment_sweeps.tracking import tags
from garment_uv.classes import GARMENT_CLASSES
from garment_uv.metrics.scores_file import SampleScore
from garment_uv.viewing.exhibits import Exhibit


def score(sample: str, garment: str, mm: float) -> SampleScore:
    """A score whose mean of both directions is `mm`."""
    return SampleScore(sample, garment, mm, mm)


def row(number: int, s2s: float, outcome: str = "complete", params: dict | None = None, **classes: float) -> Row:
    """A trial of a leaderboard; `classes` are S2S of single classes, the others have that of all."""
    metrics = {"s2s/all": s2s, **{f"s2s/{name}": classes.get(name, s2s) for name in GARMENT_CLASSES}}
    return Row(f"t{number:05d}", outcome, metrics, params or {})


def gathered(place: int, samples: int, detail: int = 12, curve: int = 5) -> ComparedRun:
    """A run that kept so many samples: tubes of `detail` x `detail` vertices, the wider the later the run."""
    exhibits, scores = [], []
    for number in range(samples):
        garment, key = GARMENT_CLASSES[number % len(GARMENT_CLASSES)], f"val-{number:05d}-0000"
        truth = tube(0.2 + 0.01 * number, detail)
        moved = truth[0] * (1.02 + 0.01 * place), truth[1]
        distance = np.linspace(0, 10 + place, len(moved[0]), dtype=np.float32)
        exhibits.append(Exhibit(key, {garment: truth}, {garment: moved}, {garment: distance}))
        scores.append(score(key, garment, 10.0 + place))
    curves = {"s2s/all": [(epoch, 10.0 + place + 40.0 / epoch) for epoch in range(1, curve + 1)]}
    return ComparedRun(f"t{place:05d}", run(place), tuple(exhibits), tuple(scores), curves)


def run(place: int) -> Run:
    """The run of a trial."""
    metrics = [Metric("s2s/all", 10.0 + place, 0, 1), Metric("s2s/Top", 9.0 + place, 0, 1)]
    params = [Param("loss.normal", repr(0.1 * place)), Param("loss.uv", "1.0"), Param("seed", "0")]
    marks = [RunTag(tags.TRIAL, f"t{place:05d}"), RunTag(tags.SWEEP, "made")]
    info = RunInfo(
        run_id=f"{place:032d}",
        experiment_id="1",
        user_id="",
        status="FINISHED",
        start_time=0,
        end_time=1,
        lifecycle_stage="active",
    )
    return Run(info, RunData(metrics, params, marks))


def tube(radius: float, detail: int) -> tuple[np.ndarray, np.ndarray]:
    """Vertices and faces of an upright capsule that is wider to one side, so that turning it shows."""
    mesh = trimesh.creation.capsule(height=0.6, radius=radius, count=[detail, detail])
    vertices = np.array(mesh.vertices) * [1.0, 0.5, 1.0]
    return vertices, np.array(mesh.faces)
