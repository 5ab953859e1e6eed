"""Garment segments: rasterised from vertex classes, and as masks of classes, grown for what reads across a border."""

import numpy as np
import torch
import torch.nn.functional as F

from garment_uv.classes import NUM_CLASSES
from garment_uv.uv.atlas import Atlas
from garment_uv.uv.sampling import coverage, sampling_matrix


def rasterise_classes(atlas: Atlas, vertex_classes: np.ndarray) -> np.ndarray:
    """Segments uint8 [U, U] of `vertex_classes` [V] (0 none): each covered texel has its nearest vertex's class (ours).

    An empty texel that S reads for a garment's vertex takes its class: a masked map holds all that is read from it.
    """
    classes = np.asarray(vertex_classes)
    if classes.shape != (atlas.num_vertices,):
        raise ValueError(f"vertex classes have shape {classes.shape}, wanted [{atlas.num_vertices}]")
    cover = coverage(atlas)
    segments = np.zeros(atlas.size * atlas.size, dtype=np.uint8)
    nearest = cover.vertices[np.arange(len(cover.texels)), cover.weights.argmax(axis=1)]
    segments[cover.texels] = classes[nearest]

    reads = sampling_matrix(atlas).tocoo()
    wanted = (classes[reads.row] != 0) & (segments[reads.col] == 0)
    order = np.argsort(reads.data[wanted], kind="stable")
    segments[reads.col[wanted][order]] = classes[reads.row[wanted][order]]
    return segments.reshape(atlas.size, atlas.size)


BORDER_TEXELS = 2
"""How far masks are grown: a bilinear read at a garment's border takes texels up to this far outside it."""


def class_masks(segments: torch.Tensor) -> torch.Tensor:
    """Float masks [B, 6, U, U], 0 or 1, of segments [B, U, U] with ids 0 to 6; class c is channel c - 1."""
    ids = torch.arange(1, NUM_CLASSES + 1, device=segments.device).view(1, -1, 1, 1)
    return (segments.unsqueeze(1) == ids).float()


def grow(masks: torch.Tensor, texels: int = BORDER_TEXELS) -> torch.Tensor:
    """Masks [B, C, U, U] dilated by a square of `texels` to each side."""
    size = 2 * texels + 1
    rows = F.max_pool2d(masks, kernel_size=(1, size), stride=1, padding=(0, texels))
    return F.max_pool2d(rows, kernel_size=(size, 1), stride=1, padding=(texels, 0))


def garment_mask(segments: torch.Tensor, texels: int = BORDER_TEXELS) -> torch.Tensor:
    """Float mask [B, 1, U, U] of all garments in segments [B, U, U], grown by `texels`."""
    return grow((segments > 0).float().unsqueeze(1), texels)
