"""The local generator G_l: class-level maps and class logits from per-pixel features and the garment segments S."""

from itertools import pairwise
from typing import Any, NamedTuple, cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from garment_uv.classes import CLASS_IDS, GARMENT_CLASSES, NUM_CLASSES
from garment_uv.networks.blocks import ResidualBlock, UpBlock, initialise_small
from garment_uv.networks.config import GeneratorConfig, LocalBranchConfig
from garment_uv.uv.segments import class_masks, grow
from garment_uv.uv.units import MapUnit


class Box(NamedTuple):
    """What one branch computes for one sample."""

    sample: int
    branch: int
    rows: slice
    columns: slice


class MaskedCrops(torch.autograd.Function):
    """Features [B, F, U, U] and n boxes with masks [1, 1, h, w] to n pieces [1, F, h, w], and gradients in one map."""

    @staticmethod
    def forward(ctx: Any, features: torch.Tensor, boxes: list[Box], *masks: torch.Tensor) -> tuple[torch.Tensor, ...]:
        ctx.boxes, ctx.masks, ctx.like = boxes, masks, torch.empty_like(features, device="meta")
        return tuple(
            features[box.sample, None, :, box.rows, box.columns] * mask.to(features.dtype)
            for box, mask in zip(boxes, masks, strict=True)
        )

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        gathered: Any = torch.zeros_like(ctx.like, device=gradients[0].device) if gradients else None
        for box, mask, gradient in zip(ctx.boxes, ctx.masks, gradients, strict=True):
            place = gathered[box.sample, None, :, box.rows, box.columns]
            place.addcmul_(gradient, mask.to(gradient.dtype))
        return (gathered, None, *(None for _ in gradients))


def on_canvas(piece: torch.Tensor, box: Box, size: tuple[int, int]) -> torch.Tensor:
    """A piece [1, C, h, w] at its box's place in [C, H, W], 0 around it."""
    height, width = size
    around = (box.columns.start, width - box.columns.stop, box.rows.start, height - box.rows.stop)
    return F.pad(piece[0], around)


def branch_classes(config: LocalBranchConfig) -> list[list[int]]:
    """Mask channels (0 to 5) of each branch: six single classes, the configured groups, one of all, or none."""
    if config.mode == "none":
        return []
    groups = {
        "per_class": [(name,) for name in GARMENT_CLASSES],
        "grouped": config.groups,
        "shared": [GARMENT_CLASSES],
    }[config.mode]
    return [[CLASS_IDS[name] - 1 for name in group] for group in groups]


class ClassBranches(nn.Module):
    """Per branch its features F_c = f' * M_c, then `depth` convolutions to a map of its own (LGGAN, Tang et al. 2020).

    A branch is computed for the samples that wear one of its classes only, on the bounding box of each one's mask. That
    equals the full convolution inside the masks; outside them every branch's map is 0. A branch that no sample needs
    gets no gradient at all, so its weights and Adam's moments stay as they are.
    """

    def __init__(self, config: LocalBranchConfig, unit: MapUnit) -> None:
        super().__init__()
        self.unit = unit
        self.classes = branch_classes(config)
        self.halo = (config.depth - 1) * (config.kernel // 2)
        self.branches = nn.ModuleList(_branch(config) for _ in self.classes)

    def start_small(self) -> None:
        """Set each branch's last layer so that it starts near zero; called after the general initialisation."""
        for branch in self.branches:
            *_, last = branch.children()
            initialise_small(cast(nn.Conv2d, last))

    def branch_masks(self, masks: torch.Tensor) -> torch.Tensor:
        """Masks per branch [B, G, U, U] from masks per class [B, 6, U, U]: the union of a branch's classes."""
        return torch.stack([masks[:, classes].amax(dim=1) for classes in self.classes], dim=1)

    def forward(self, features: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
        """Bounded maps [B, G, 3, U, U], in map units, of f' [B, F, U, U] and branch masks [B, G, U, U]."""
        batch, _, height, width = features.shape
        boxes = self._boxes(masks)
        cut = [masks[box.sample, box.branch, None, None, box.rows, box.columns] for box in boxes]
        crops = MaskedCrops.apply(features, boxes, *cut)
        maps = [masks.new_zeros(3, height, width)] * (batch * len(self.branches))
        for box, crop, mask in zip(boxes, crops, cut, strict=True):
            made = self.unit.bounded(self.branches[box.branch](crop)) * mask
            maps[box.sample * len(self.branches) + box.branch] = on_canvas(made, box, (height, width))
        return torch.stack(maps).unflatten(0, (batch, len(self.branches)))

    def _boxes(self, masks: torch.Tensor) -> list[Box]:
        """What to compute, branch by branch; the device is asked once for the whole batch."""
        lines = torch.cat((masks.amax(dim=3), masks.amax(dim=2)), dim=2).gt(0).cpu().numpy()
        down, across = lines[..., : masks.shape[2]], lines[..., masks.shape[2] :]
        return [
            Box(int(sample), branch, self._span(down[sample, branch]), self._span(across[sample, branch]))
            for branch in range(masks.shape[1])
            for sample in np.flatnonzero(lines[:, branch].any(axis=1))
        ]

    def _span(self, line: np.ndarray) -> slice:
        filled = line.nonzero()[0]
        return slice(max(int(filled[0]) - self.halo, 0), min(int(filled[-1]) + self.halo + 1, len(line)))


def _branch(config: LocalBranchConfig) -> nn.Sequential:
    """`depth` convolutions, the last to 3 channels; no normalisation, which would mix in what lies outside the mask."""
    layers: list[nn.Module] = []
    for _ in range(config.depth - 1):
        layers += [_same(config, config.features), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers, _same(config, 3))


def _same(config: LocalBranchConfig, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(config.features, outputs, config.kernel, padding=config.kernel // 2)


class Aggregation(nn.Module):
    """Branch maps [B, G, 3, U, U] to one map [B, 3, U, U], in map units.

    'concat': a 3x3 convolution over all branches (LGGAN), started as their sum so that training starts near
    zero; 'sum': the branches, which are 0 outside their masks, added; 'mean': the same divided by how many
    masks cover a texel. Grown masks overlap where two garments meet: only there do sum and mean differ.
    """

    def __init__(self, config: LocalBranchConfig) -> None:
        super().__init__()
        self.method = config.aggregation
        self.branches = len(branch_classes(config))
        self.join = nn.Conv2d(3 * self.branches, 3, 3, padding=1) if self.method == "concat" else None

    def start_as_sum(self) -> None:
        """Set the 3x3 convolution to add the branches up; called after the general initialisation."""
        if self.join is not None:
            with torch.no_grad():
                for parameter in self.join.parameters():
                    parameter.zero_()
                self.join.weight[:, :, 1, 1] = torch.eye(3).repeat(1, self.branches)

    def forward(self, maps: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
        """One raw map [B, 3, U, U] of branch maps and their masks [B, G, U, U]."""
        if self.join is not None:
            return self.join(maps.flatten(1, 2))
        total = maps.sum(dim=1)
        if self.method == "mean":
            total = total / masks.sum(dim=1, keepdim=True).clamp(min=1)
        return total


class ClassFeatureHead(nn.Module):
    """Masked features F_c averaged, then one linear layer to class logits (LGGAN, Tang et al. 2020).

    Averaged over the mask by default (ours): over the whole image, as published, small garments get small features.
    """

    def __init__(self, config: LocalBranchConfig) -> None:
        super().__init__()
        self.pooling = config.class_pooling
        self.linear = nn.Linear(config.features, NUM_CLASSES)

    def forward(self, features: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
        """Logits [B, 6, 6] of f' [B, F, U, U] and class masks [B, 6, U, U]: row c - 1 is F_c's, if its mask has any."""
        sums = masks.to(features.dtype).flatten(2) @ features.permute(0, 2, 3, 1).flatten(1, 2)
        with torch.autocast(device_type=features.device.type, enabled=False):
            masks, sums = masks.float(), sums.float()
            if self.pooling == "mask":
                area = masks.sum(dim=(2, 3)).clamp(min=1)
                pooled = sums / area.unsqueeze(2)
            else:
                pooled = sums / (masks.shape[2] * masks.shape[3])
            return self.linear(pooled)


class LocalMaps(NamedTuple):
    """What G_l makes of one batch."""

    raw: torch.Tensor
    """U_l [B, 3, U, U], in map units."""
    class_logits: torch.Tensor
    """[B, 6, 6]: row c - 1 classifies the features under class c's mask."""
    class_present: torch.Tensor
    """bool [B, 6]: classes with a texel in S, whose rows mean something."""


class LocalPath(nn.Module):
    """G_l: residual blocks at U/4, transposed convolutions to f' (at U, or at U/2), masks, branches, aggregation.

    Only this path sees S. Branches work under masks grown by the border that bilinear reads need (ours), the
    classification under the masks as they are.
    """

    def __init__(self, config: GeneratorConfig, unit: MapUnit) -> None:
        super().__init__()
        channels = 4 * config.base_features
        self.residual = nn.Sequential(*[ResidualBlock(channels) for _ in range(config.residual_blocks)])
        self.stride = config.local.stride
        between = [channels // 2] if self.stride == 1 else []
        widths = [channels, *between, config.local.features]
        self.up = nn.Sequential(*[UpBlock(wide, narrow) for wide, narrow in pairwise(widths)])
        self.branches = ClassBranches(config.local, unit)
        self.aggregation = Aggregation(config.local)
        self.class_head = ClassFeatureHead(config.local)

    def start_small(self) -> None:
        """Set the last layers so that the path starts near zero; called after the general initialisation."""
        self.branches.start_small()
        self.aggregation.start_as_sum()

    def forward(self, quarter: torch.Tensor, segments: torch.Tensor) -> LocalMaps:
        """Maps of encoder features [B, 4C, U/4, U/4] and segments [B, U, U]."""
        features = self.up(self.residual(quarter))
        masks = F.max_pool2d(class_masks(segments), self.stride)
        grown = self.branches.branch_masks(grow(masks))
        raw = self.aggregation(self.branches(features, grown), grown)
        if self.stride > 1:
            raw = F.interpolate(raw, scale_factor=self.stride, mode="bilinear", align_corners=False)
        return LocalMaps(raw, self.class_head(features, masks), masks.amax(dim=(2, 3)) > 0)
