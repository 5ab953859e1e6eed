"""The networks in the published form, for a comparison: every class branch on the whole canvas, one after the other.

Written from the published description (LGGAN, Tang et al., CVPR 2020). The parts have the parameters of ours, so that
weights can be copied over and both forms must give the same numbers.
"""

import copy

import torch
from torch import nn

from garment_uv.networks.generator import GarmentGenerator
from garment_uv.networks.local_path import ClassBranches, ClassFeatureHead


class WholeCanvasBranches(ClassBranches):
    """Per class F_c = f' * M_c over the whole canvas and the branch's convolutions, whoever wears the class."""

    def forward(self, features: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
        """Bounded maps [B, G, 3, U, U] of f' [B, F, U, U] and branch masks [B, G, U, U], 0 outside the masks."""
        maps = []
        for index, branch in enumerate(self.branches):
            mask = masks[:, index : index + 1]
            maps.append(self.unit.bounded(branch(features * mask)) * mask)
        return torch.stack(maps, dim=1)


class WholeCanvasClassHead(ClassFeatureHead):
    """Per class F_c made over the whole canvas, pooled, and classified."""

    def forward(self, features: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
        """Logits [B, 6, 6] of f' [B, F, U, U] and class masks [B, 6, U, U]."""
        rows = []
        for index in range(masks.shape[1]):
            mask = masks[:, index : index + 1]
            summed = (features * mask).float().sum(dim=(2, 3))
            area = mask.sum(dim=(2, 3)).clamp(min=1) if self.pooling == "mask" else mask[0, 0].numel()
            rows.append(self.linear(summed / area))
        return torch.stack(rows, dim=1)


def published_generator(ours: GarmentGenerator) -> GarmentGenerator:
    """A copy of `ours` with equal weights whose local path has the published form."""
    generator = copy.deepcopy(ours)
    local, config = generator.local_path, ours.config.local
    local.branches = _with_weights(WholeCanvasBranches(config, ours.unit), local.branches)
    local.class_head = _with_weights(WholeCanvasClassHead(config), local.class_head)
    return generator


def _with_weights(module: nn.Module, other: nn.Module) -> nn.Module:
    module.load_state_dict(other.state_dict())
    return module.to(next(other.parameters()).device)
