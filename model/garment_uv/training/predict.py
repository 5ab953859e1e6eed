"""From a batch to vertices: what the generator says, read by the atlas's own sampling, as an outfit that can be worn.

What the segment head says vertex by vertex can be a patchwork of garments that nobody wears together. So the outfit is
decided first, for the body as a whole, and small patches then take the class around them (ours; nothing is published).
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from garment_uv.classes import CLASS_IDS, OUTFITS, SKIRT_TOPOLOGY_CLASSES
from garment_uv.geometry.edges import unique_edges
from garment_uv.networks.generator import GarmentGenerator
from garment_uv.samples.batch import Batch
from garment_uv.uv.atlas import Atlas
from garment_uv.uv.frames import SurfaceFrames
from garment_uv.uv.sampling import MapSampler
from garment_uv.uv.segments import rasterise_classes

SMALLEST_PATCH = 0.02
"""Share of all vertices under which a connected patch of one class is no garment and no opening."""


class OutfitDecoder:
    """Decides vertex classes on one atlas's surface."""

    def __init__(self, atlas: Atlas) -> None:
        self._edges = unique_edges(atlas.faces["default"])[0]
        self._num_vertices = atlas.num_vertices

    def __call__(self, probabilities: np.ndarray) -> np.ndarray:
        """Classes int64 [V] of class probabilities [V, 7] in the likeliest outfit.

        A vertex is covered when any garment is likelier there than none, and then bears the likeliest of the outfit's
        pieces. An outfit's likelihood is the product over the vertices of their best class in it, 'none' included.
        """
        allowed = [[CLASS_IDS[name] for name in outfit] for outfit in OUTFITS]
        safe = np.log(np.maximum(probabilities, 1e-6))
        pieces = np.array(max(allowed, key=lambda classes: safe[:, [0, *classes]].max(axis=1).sum()))
        likeliest = pieces[probabilities[:, pieces].argmax(axis=1)]
        return self._without_patches(np.where(probabilities[:, 0] > 0.5, 0, likeliest))

    def _without_patches(self, classes: np.ndarray) -> np.ndarray:
        a, b = self._edges.T
        alike = classes[a] == classes[b]
        graph = self._graph(a[alike], b[alike])
        count, patch = connected_components(graph, directed=False)
        small = np.bincount(patch, minlength=count)[patch] < SMALLEST_PATCH * self._num_vertices
        if small.all() or not small.any():
            return classes
        neighbours = self._graph(np.concatenate([a, b]), np.concatenate([b, a]))
        number = classes.max() + 1
        found = np.where(small, -1, classes)
        while True:
            known = np.flatnonzero(found >= 0)
            votes = neighbours[:, known] @ np.eye(number)[found[known]]
            reached = (found < 0) & (votes.sum(axis=1) > 0)
            if not reached.any():
                return np.where(found < 0, 0, found)
            found[reached] = votes[reached].argmax(axis=1)

    def _graph(self, rows: np.ndarray, columns: np.ndarray) -> sparse.csr_matrix:
        shape = (self._num_vertices, self._num_vertices)
        return sparse.coo_matrix((np.ones(len(rows)), (rows, columns)), shape=shape).tocsr()


SegmentSource = Literal["given", "predicted"]
"""Segments from the dataset, or from the model's own head as at test time."""


@dataclass(frozen=True)
class Predicted:
    """Predicted garments of B samples on the body topology's vertices."""

    vertices: np.ndarray
    """float32 [B, V, 3] body vertex plus displacement, metres."""
    vertex_classes: np.ndarray
    """int64 [B, V] class ids, 0 none: which vertices are garment, and of which class."""


class Predictor:
    """A generator and the atlas that its maps are read with."""

    def __init__(self, generator: GarmentGenerator, atlas: Atlas) -> None:
        self.generator = generator
        self.device = next(generator.parameters()).device
        self._atlas = atlas
        self._read_map = MapSampler(atlas, generator.reading).to(self.device)
        self._read_segments = MapSampler(atlas).to(self.device)
        needed = getattr(generator, "needs_frames", False)
        self._frames = SurfaceFrames(atlas).to(self.device) if needed else None
        self._masked = getattr(generator, "takes_masks", False)
        self._decode = OutfitDecoder(atlas)

    @torch.no_grad()
    def __call__(self, batch: Batch, segments: SegmentSource) -> Predicted:
        """Run the generator in eval mode on a batch, wherever that is; its mode is put back.

        With 'predicted' the segment head's answer becomes an outfit, whose segments mask the local branches.
        """
        batch = batch.to(self.device)
        was_training = self.generator.training
        self.generator.eval()
        try:
            extra: dict[str, torch.Tensor | None] = {}
            if self._frames:
                extra["frames"] = self._frames(batch.body_vertices)
            if self._masked:
                extra["mask"] = batch.mask
            if segments == "predicted":
                batch = self._with_own_segments(batch, extra)
            output = self.generator(batch.image, batch.body_uv, batch.camera, batch.segments, **extra)
            vertices = batch.body_vertices + self._read_map(output.displacement)
        finally:
            self.generator.train(was_training)
        return Predicted(vertices.cpu().numpy(), batch.vertex_classes.cpu().numpy())

    def _with_own_segments(self, batch: Batch, extra: dict[str, torch.Tensor | None]) -> Batch:
        logits = self.generator.see_segments(batch.image, batch.body_uv, batch.camera, **extra)
        probabilities = self._read_segments(logits.float().softmax(dim=1)).cpu().numpy()
        classes = np.stack([self._decode(each) for each in probabilities])
        maps = np.stack([rasterise_classes(self._atlas, each) for each in classes]).astype(np.int64)
        return replace(
            batch,
            segments=torch.from_numpy(maps).to(self.device),
            vertex_classes=torch.from_numpy(classes).to(self.device),
        )


def predicted_topology(vertex_classes: np.ndarray) -> str:
    """'skirt' where in predicted classes [V] Skirt and Dress outnumber the trousered: a vote of all vertices."""
    counts = np.bincount(np.asarray(vertex_classes), minlength=len(CLASS_IDS) + 1)
    skirts = sum(counts[CLASS_IDS[name]] for name in SKIRT_TOPOLOGY_CLASSES)
    trousers = counts[CLASS_IDS["Trousers"]] + counts[CLASS_IDS["Jumpsuit"]]
    return "skirt" if skirts > trousers else "default"
