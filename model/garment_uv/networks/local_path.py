"""The local generator G_l: class-level maps and class logits from per-pixel features and the garment segments S."""

from itertools import pairwise
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

from garment_uv.classes import NUM_CLASSES
from garment_uv.networks.blocks import ResidualBlock, UpBlock
from garment_uv.networks.branches import Aggregation, ClassBranches
from garment_uv.networks.config import GeneratorConfig, LocalBranchConfig
from garment_uv.uv.segments import class_masks, grow
from garment_uv.uv.units import MapUnit


class ClassFeatureHead(nn.Module):
    """Masked features F_c averaged, then one linear layer to class logits (LGGAN, Tang et al. 2020).

    Averaged over the mask by default (ours): over the whole image, as published, small garments get small features.
    """

    def __init__(self, config: LocalBranchConfig) -> None:
        super().__init__()
        self.pooling = config.class_pooling
        self.linear = nn.Linear(config.features, NUM_CLASSES)

    def forward(self, features: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
        """Logits [B, 6, 6] of f' [B, F, U, U] and class masks [B, 6, U, U]: row c - 1 is what F_c looks like.

        A row whose mask is empty is the layer's bias and says nothing: leave it out of any loss.
        """
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
