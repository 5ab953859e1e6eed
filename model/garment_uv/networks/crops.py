"""Masked pieces cut from features, and laid back onto the canvas."""

from typing import NamedTuple

import torch
import torch.nn.functional as F


class Box(NamedTuple):
    """What one branch computes for one sample."""

    sample: int
    branch: int
    rows: slice
    columns: slice


class MaskedCrops(torch.autograd.Function):
    """features [B, F, U, U] and n boxes with masks [1, 1, h, w] to n pieces [1, F, h, w], each times its mask.

    The gradient of all pieces is gathered in one map; plain slicing would make a map of zeros for each of them.
    """

    @staticmethod
    def forward(ctx, features: torch.Tensor, boxes: list[Box], *masks: torch.Tensor) -> tuple[torch.Tensor, ...]:
        ctx.boxes, ctx.masks, ctx.like = boxes, masks, torch.empty_like(features, device="meta")
        return tuple(
            features[box.sample, None, :, box.rows, box.columns] * mask.to(features.dtype)
            for box, mask in zip(boxes, masks, strict=True)
        )

    @staticmethod
    def backward(ctx, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        gathered = torch.zeros_like(ctx.like, device=gradients[0].device) if gradients else None
        for box, mask, gradient in zip(ctx.boxes, ctx.masks, gradients, strict=True):
            place = gathered[box.sample, None, :, box.rows, box.columns]
            place.addcmul_(gradient, mask.to(gradient.dtype))
        return (gathered, None, *(None for _ in gradients))


def on_canvas(piece: torch.Tensor, box: Box, size: tuple[int, int]) -> torch.Tensor:
    """A piece [1, C, h, w] at its box's place in [C, H, W], 0 around it."""
    height, width = size
    around = (box.columns.start, width - box.columns.stop, box.rows.start, height - box.rows.stop)
    return F.pad(piece[0], around)
