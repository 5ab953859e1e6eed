"""The two baselines that every model must beat, given the same vertex classes as the model. (Ours.)"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from garment_uv.classes import NUM_CLASSES
from garment_uv.errors import UserError
from garment_uv.metrics.frames import vertex_frames
from garment_uv.samples.sample import Sample
from garment_uv.uv.atlas import Atlas
from garment_uv.uv.sampling import Reading, read_vertices


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
        """Read each sample's displacement map at the vertices and average by class; UserError for no samples.

        A class that never occurs gets zero displacement.
        """
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
        classes = (sample.vertex_classes if vertex_classes is None else np.asarray(vertex_classes)).astype(
            np.int64
        )
        values = np.where((classes > 0)[:, None], self.means[classes - 1, np.arange(len(classes))], 0)
        if self.local:
            values = np.einsum("vij,vj->vi", vertex_frames(self.atlas, sample.body_vertices), values)
        return values.astype(np.float32)
