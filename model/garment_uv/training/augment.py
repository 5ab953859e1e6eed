"""Samples made different without a change of what they show: other colours, or seen in a mirror (ours)."""

from dataclasses import replace
from typing import Any, Literal

import numpy as np
import torch
from scipy.spatial import cKDTree

from garment_uv.errors import UserError
from garment_uv.networks.lifting import flip_halves
from garment_uv.samples.batch import Batch
from garment_uv.samples.batch_plan import Portion
from garment_uv.samples.codec import LABELS
from garment_uv.uv.atlas import Atlas


def jitter_colours(images: torch.Tensor, strength: float, portion: Portion | None = None) -> torch.Tensor:
    """Images [B, 3, I, I] in [-1, 1] with each picture's colours changed at random; black stays black.

    Every channel is multiplied by up to 1 +- `strength`, and with that probability the channels change places: a few
    dozen outfits are soon known by their colours. Draws from torch's CPU generator, whatever the images' device, and
    for the whole batch where the images are a portion of one.
    """
    count = portion.whole if portion else len(images)
    gains = 1 + strength * (2 * torch.rand(count, 3) - 1)
    mixed = torch.rand(count) < strength
    orders = torch.stack([torch.randperm(3) for _ in range(count)])
    orders = torch.where(mixed[:, None], orders, torch.arange(3))
    if portion:
        gains, orders = portion.of(gains), portion.of(orders)
    rows = torch.arange(len(images), device=images.device)[:, None]
    light = (images[rows, orders.to(images.device)] + 1) / 2
    return (light * gains[:, :, None, None].to(images.device)).clamp(0, 1) * 2 - 1


TOLERANCE_TEXELS = 0.01
"""How far a point's reflection may lie from a point for the canvas to count as symmetric."""


class Mirror:
    """Reflects samples at the plane through the root and along the camera's axis: y becomes -y.

    A reflected body is a body of the same model only where the atlas is symmetric: each half of the canvas is
    flipped about its own middle, so every vertex must have a mate there. UserError where one has none.
    """

    def __init__(self, atlas: Atlas) -> None:
        self.mates = torch.from_numpy(vertex_mates(atlas))
        """int64 [V]: the vertex on the other side of the body."""

    def __call__(self, batch: Batch, chosen: torch.Tensor) -> Batch:
        """The batch with the samples where `chosen`, bool [B], is true reflected; the others as they are."""
        device = batch.image.device
        chosen, mates = chosen.to(device), self.mates.to(device)
        sign = torch.tensor([1.0, -1.0, 1.0], device=device)
        reflected = {
            "image": batch.image.flip(-1),
            "body_uv": flip_halves(batch.body_uv) * sign[:, None, None],
            "displacement_uv": flip_halves(batch.displacement_uv) * sign[:, None, None],
            "segments": flip_halves(batch.segments),
            "vertex_classes": batch.vertex_classes[:, mates],
            "body_vertices": batch.body_vertices[:, mates] * sign,
            "camera": batch.camera * sign,
        }
        reflected |= {n: x.flip(-1) for n in LABELS if (x := getattr(batch, n)) is not None}
        if batch.displacement_vertices is not None:
            reflected["displacement_vertices"] = batch.displacement_vertices[:, mates] * sign
        changes: dict[str, Any] = {}
        for name, value in reflected.items():
            old = getattr(batch, name)
            changes[name] = torch.where(chosen.view(-1, *[1] * (old.dim() - 1)), value, old)
        return replace(batch, **changes)


def mirror_for(atlas: Atlas, asked: bool | Literal["auto"]) -> Mirror | None:
    """The mirror of a training that asks for one; with 'auto' none where the atlas is not symmetric."""
    try:
        return Mirror(atlas) if asked else None
    except UserError:
        if asked == "auto":
            return None
        raise


def vertex_mates(atlas: Atlas) -> np.ndarray:
    """Each vertex's mate int64 [V]; UserError where the canvas is not symmetric half by half."""
    half = atlas.size // 2
    flipped = atlas.points.copy()
    right = atlas.points[:, 0] >= half
    flipped[:, 0] = np.where(right, 3 * half - 1, half - 1) - atlas.points[:, 0]
    found, mate = cKDTree(atlas.points).query(flipped)
    distance = np.asarray(found)
    if distance.max() > TOLERANCE_TEXELS:
        raise UserError(
            f"training.mirror needs maps whose halves are symmetric, but a point of this dataset's atlas lies "
            f"{distance.max():.2f} texels beside its reflection; set training.mirror=false or prepare the dataset "
            "with --subdivisions 0"
        )
    mates = np.empty(atlas.num_vertices, np.int64)
    mates[atlas.point_vertex] = atlas.point_vertex[mate]
    if (mates[atlas.point_vertex] != atlas.point_vertex[mate]).any() or (mates[mates] != np.arange(len(mates))).any():
        raise UserError("training.mirror finds vertices of this atlas without a mate; set training.mirror=false")
    return mates
