"""The baselines that every model must beat, given the same vertex classes as the model, and their tables. (Ours.)"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from garment_uv.classes import NUM_CLASSES
from garment_uv.errors import UserError
from garment_uv.geometry.normals import vertex_normals
from garment_uv.metrics.aggregate import GarmentScore, S2STable
from garment_uv.metrics.evaluate import evaluate_sample
from garment_uv.samples.sample import Sample
from garment_uv.samples.source import DatasetSource, iterate_samples
from garment_uv.uv.atlas import Atlas
from garment_uv.uv.sampling import Reading, read_vertices, reading_of


def vertex_frames(atlas: Atlas, vertices: np.ndarray) -> np.ndarray:
    """Rotations [V, 3, 3] whose columns are tangent, bitangent and outward normal at `vertices` [V, 3].

    The tangent points to the same neighbour on every body. A vertex of no face has the identity.
    """
    faces = atlas.faces["default"]
    vertices = np.asarray(vertices, np.float64)
    neighbour = np.arange(len(vertices))
    for corner in range(3):
        neighbour[faces[:, corner]] = faces[:, (corner + 1) % 3]
    normals = vertex_normals(vertices, faces)
    along = vertices[neighbour] - vertices
    tangents = _unit(along - (along * normals).sum(axis=1, keepdims=True) * normals)
    frames = np.stack([tangents, np.cross(normals, tangents), normals], axis=2)
    sound = np.isclose(np.linalg.det(frames), 1.0, atol=1e-3)
    return np.where(sound[:, None, None], frames, np.eye(3))


def _unit(vectors: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1)


def body_as_garment(sample: Sample) -> np.ndarray:
    """Zero displacement, float32 [V, 3]: the garment is the body's own surface."""
    return np.zeros_like(sample.body_vertices, dtype=np.float32)


@dataclass(frozen=True, eq=False)
class ClassMeanDisplacement:
    """The mean displacement of each class at each vertex, over the frames of a training split."""

    atlas: Atlas
    means: np.ndarray
    """float32 [K, V, 3] metres; a vertex that never bore the class holds the class's overall mean."""
    local: bool
    """Whether means are in each vertex's own frame on the body, which turns with pose."""

    @classmethod
    def fit(
        cls, samples: Iterable[Sample], atlas: Atlas, local: bool = True, reading: Reading = "bilinear"
    ) -> "ClassMeanDisplacement":
        """Average each sample's displacements at the vertices by class, 0 for none; UserError for no samples."""
        sums = np.zeros((NUM_CLASSES, atlas.num_vertices, 3))
        counts = np.zeros((NUM_CLASSES, atlas.num_vertices))
        seen = 0
        for seen, sample in enumerate(samples, start=1):  # noqa: B007
            values = read_vertices(atlas, sample.displacement_uv, reading)
            if local:
                values = np.einsum("vij,vi->vj", vertex_frames(atlas, sample.body_vertices), values)
            covered = np.flatnonzero(sample.vertex_classes)
            rows = sample.vertex_classes[covered].astype(np.int64) - 1
            sums[rows, covered] += values[covered]
            counts[rows, covered] += 1
        if not seen:
            raise UserError("no samples to average; fit the baseline on a training split that holds some")
        overall = sums.sum(axis=1) / np.maximum(counts.sum(axis=1), 1)[:, None]
        means = np.where(counts[..., None] > 0, sums / np.maximum(counts, 1)[..., None], overall[:, None])
        return cls(atlas, means.astype(np.float32), local)

    def predict(self, sample: Sample, vertex_classes: np.ndarray | None = None) -> np.ndarray:
        """Displacement float32 [V, 3] metres in the sample frame, zero where `vertex_classes` [V] is 0."""
        classes = (sample.vertex_classes if vertex_classes is None else np.asarray(vertex_classes)).astype(np.int64)
        values = np.where((classes > 0)[:, None], self.means[classes - 1, np.arange(len(classes))], 0)
        if self.local:
            values = np.einsum("vij,vj->vi", vertex_frames(self.atlas, sample.body_vertices), values)
        return values.astype(np.float32)


BASELINES = {
    "body_as_garment": "zero displacement: the garment is the body's own surface",
    "class_mean_displacement": "the class's mean displacement at each vertex, as vectors in the sample's frame",
    "class_mean_on_body": "the same mean taken in each vertex's frame on the body, so that it turns with the pose",
}
"""Baselines by name. All are given the sample's own vertex classes, as the model is in the headline S2S."""


def baseline_tables(
    source: DatasetSource, split: str, max_samples: int = 0, train: str = "train"
) -> dict[str, S2STable]:
    """Each baseline's table over `max_samples` evenly spaced samples of `split`, 0 being all, with means over `train`.

    UserError where a split is missing or holds no raw garments.
    """
    atlas = source.atlas()
    reading = reading_of(source.manifest.fill)
    means = {
        name: ClassMeanDisplacement.fit(iterate_samples(source, train), atlas, local, reading)
        for name, local in (("class_mean_displacement", False), ("class_mean_on_body", True))
    }
    scores: dict[str, list[GarmentScore]] = {name: [] for name in BASELINES}
    for sample in iterate_samples(source, split, max_samples):
        scores["body_as_garment"] += evaluate_sample(atlas, sample, body_as_garment(sample))
        for name, mean in means.items():
            scores[name] += evaluate_sample(atlas, sample, mean.predict(sample))
    return {name: S2STable.from_scores(values) for name, values in scores.items()}
