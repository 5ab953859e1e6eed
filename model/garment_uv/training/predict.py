"""From a batch to vertices: what the generator says, read by the atlas's own sampling."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from garment_uv.classes import CLASS_IDS, SKIRT_TOPOLOGY_CLASSES
from garment_uv.networks.generator import GarmentGenerator
from garment_uv.samples.batch import Batch
from garment_uv.uv.sampling import MapSampler

SegmentSource = Literal["given", "predicted"]
"""Segments from the dataset, or from the model's own head as at test time."""


@dataclass(frozen=True)
class Predicted:
    """Predicted garments of B samples on the body topology's vertices."""

    vertices: torch.Tensor
    """float32 [B, V, 3] body vertex plus displacement, metres."""
    vertex_classes: torch.Tensor
    """int64 [B, V] class ids, 0 none: which vertices are garment, and of which class."""


@torch.no_grad()
def predict(generator: GarmentGenerator, sampler: MapSampler, batch: Batch, segments: SegmentSource) -> Predicted:
    """Run the generator (in whatever mode it is) on a batch on its device.

    With 'given' the batch's segments and vertex classes are used; with 'predicted' neither is looked at, and
    a vertex has the class whose probability, sampled at the vertex, is largest.
    """
    given = segments == "given"
    with quiet_sparse():
        output = generator(batch.image, batch.body_uv, batch.camera, batch.segments if given else None)
        vertices = batch.body_vertices + sampler(output.displacement)
        if given:
            return Predicted(vertices, batch.vertex_classes)
        probabilities = sampler(output.segment_logits.float().softmax(dim=1))
    return Predicted(vertices, probabilities.argmax(dim=-1))


@contextmanager
def quiet_sparse() -> Iterator[None]:
    """Without torch's notice that sparse CSR tensors are in beta: a user can do nothing about it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse CSR tensor support")
        yield


def predicted_topology(vertex_classes: np.ndarray) -> str:
    """Which topology predicted classes [V] ask for: 'skirt' where Skirt and Dress outnumber the trousered.

    A vote, not a rule over what occurs: a stray vertex must not join the legs of a pair of trousers.
    """
    counts = np.bincount(np.asarray(vertex_classes), minlength=len(CLASS_IDS) + 1)
    skirts = sum(counts[CLASS_IDS[name]] for name in SKIRT_TOPOLOGY_CLASSES)
    trousers = counts[CLASS_IDS["Trousers"]] + counts[CLASS_IDS["Jumpsuit"]]
    return "skirt" if skirts > trousers else "default"
