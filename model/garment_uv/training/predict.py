"""From a batch to vertices: what the generator says, read by the atlas's own sampling."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch

from garment_uv.classes import CLASS_IDS, SKIRT_TOPOLOGY_CLASSES
from garment_uv.networks.generator import GarmentGenerator
from garment_uv.samples.batch import Batch
from garment_uv.training.outfit import OutfitDecoder
from garment_uv.uv.atlas import Atlas
from garment_uv.uv.sampling import MapSampler
from garment_uv.uv.segments import rasterise_classes

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
        self._decode = OutfitDecoder(atlas)

    @torch.no_grad()
    def __call__(self, batch: Batch, segments: SegmentSource) -> Predicted:
        """Run the generator in eval mode on a batch, wherever that is; its mode is put back.

        With 'given' the batch's segments and vertex classes are used. With 'predicted' neither is looked at:
        the segment head's answer becomes an outfit on the vertices, whose segments mask the local branches.
        """
        batch = batch.to(self.device)
        was_training = self.generator.training
        self.generator.eval()
        try:
            with quiet_sparse():
                if segments == "predicted":
                    batch = self._with_own_segments(batch)
                output = self.generator(batch.image, batch.body_uv, batch.camera, batch.segments)
                vertices = batch.body_vertices + self._read_map(output.displacement)
        finally:
            self.generator.train(was_training)
        return Predicted(vertices.cpu().numpy(), batch.vertex_classes.cpu().numpy())

    def _with_own_segments(self, batch: Batch) -> Batch:
        logits = self.generator.see_segments(batch.image, batch.body_uv, batch.camera)
        probabilities = self._read_segments(logits.float().softmax(dim=1)).cpu().numpy()
        classes = np.stack([self._decode(each) for each in probabilities])
        maps = np.stack([rasterise_classes(self._atlas, each) for each in classes]).astype(np.int64)
        return replace(
            batch,
            segments=torch.from_numpy(maps).to(self.device),
            vertex_classes=torch.from_numpy(classes).to(self.device),
        )


def predicted_topology(vertex_classes: np.ndarray) -> str:
    """Which topology predicted classes [V] ask for: 'skirt' where Skirt and Dress outnumber the trousered.

    A vote, not a rule over what occurs: a stray vertex must not join the legs of a pair of trousers.
    """
    counts = np.bincount(np.asarray(vertex_classes), minlength=len(CLASS_IDS) + 1)
    skirts = sum(counts[CLASS_IDS[name]] for name in SKIRT_TOPOLOGY_CLASSES)
    trousers = counts[CLASS_IDS["Trousers"]] + counts[CLASS_IDS["Jumpsuit"]]
    return "skirt" if skirts > trousers else "default"


@contextmanager
def quiet_sparse() -> Iterator[None]:
    """Without torch's notice that sparse CSR tensors are in beta: a user can do nothing about it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse CSR tensor support")
        yield
