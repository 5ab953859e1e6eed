"""The body network: one square picture to rotations, shape, gender and the place of the root."""

from dataclasses import dataclass

import torch
from torch import nn

from garment_uv.body.skeleton import NUM_JOINTS
from garment_uv.estimation.config import BodyNetworkConfig
from garment_uv.estimation.skeleton import matrices_of_6d, sixd_of_matrices

_GROWTH = (1, 2, 3, 5, 8)
"""Channels after each halving, in `features`."""
_SHAPE, _PLACE = 10, 3
_SHARPNESS = 10.0
"""What maps are multiplied by before their softmax: a fresh network's would be flat for long (ours)."""


@dataclass(frozen=True)
class BodyOutput:
    """What the network says about B pictures."""

    rotations: torch.Tensor
    """[B, 24, 3, 3] relative to the parent; the root's turns into the sample frame."""
    shape: torch.Tensor
    """[B, 10]"""
    gender: torch.Tensor
    """[B] logit of 1, male."""
    place: torch.Tensor
    """[B, 3] u, v and zoom of the root in the picture: see `placement`."""
    seen: torch.Tensor
    """[B, 24, 2] where in the picture the joints are, in half its sides from its centre, right and down."""


class BodyRegressor(nn.Module):
    """Finds the joints in the picture, then says the body from where they are and how the picture looks.

    Five halvings with a residual block each; two doublings back to eighths of the picture, where each joint has a map
    whose softmax-weighted mean of coordinates is its place (as Sun et al., Integral Human Pose, ECCV 2018); two linear
    layers over those and the coarsest features say changes to a mean body, which is stored with the weights.
    """

    mean_pose: torch.Tensor
    mean_shape: torch.Tensor

    def __init__(self, config: BodyNetworkConfig) -> None:
        super().__init__()
        self.config = config
        channels = [3, *(config.features * factor for factor in _GROWTH)]
        self.stages = nn.ModuleList(_Stage(a, b) for a, b in zip(channels[:-1], channels[1:], strict=True))
        self.up = nn.ModuleList(_Up(channels[level + 1], channels[level]) for level in (4, 3))
        self.maps = nn.Conv2d(channels[3], NUM_JOINTS, 1)
        cells = (config.image_size // 2 ** len(_GROWTH)) ** 2
        self.hidden = nn.Linear(channels[-1] * cells + 2 * NUM_JOINTS, config.hidden)
        self.last = nn.Linear(config.hidden, 6 * NUM_JOINTS + _SHAPE + 1 + _PLACE)
        nn.init.normal_(self.last.weight, std=0.01)
        nn.init.zeros_(self.last.bias)
        self.register_buffer("mean_pose", sixd_of_matrices(torch.eye(3).expand(NUM_JOINTS, 3, 3)).clone())
        self.register_buffer("mean_shape", torch.zeros(_SHAPE))

    @torch.no_grad()
    def start_from(self, rotations: torch.Tensor, shapes: torch.Tensor) -> None:
        """Take the mean of bodies [N, 24, 3, 3] and [N, 10] as the body that changes are said to."""
        self.mean_pose.copy_(sixd_of_matrices(rotations.float()).mean(dim=0))
        self.mean_shape.copy_(shapes.float().mean(dim=0))

    def forward(self, pictures: torch.Tensor) -> BodyOutput:
        """Of pictures [B, 3, I, I] in [-1, 1], I being the config's."""
        size = self.config.image_size
        if pictures.shape[1:] != (3, size, size):
            raise ValueError(f"pictures have shape {tuple(pictures.shape)}, wanted [B, 3, {size}, {size}]")
        levels = [pictures]
        for stage in self.stages:
            levels.append(stage(levels[-1]))
        fine = self.up[1](self.up[0](levels[5], levels[4]), levels[3])
        seen = soft_places(self.maps(fine).float())
        known = torch.cat((levels[5].flatten(1), seen.flatten(1)), dim=1)
        said = self.last(torch.relu(self.hidden(known)))
        pose, shape, gender, place = said.split([6 * NUM_JOINTS, _SHAPE, 1, _PLACE], dim=1)
        sixd = self.mean_pose + pose.unflatten(1, (NUM_JOINTS, 6))
        place = place + torch.nn.functional.pad(seen[:, 0], (0, 1))
        return BodyOutput(matrices_of_6d(sixd.float()), self.mean_shape + shape, gender[:, 0], place, seen)


def soft_places(maps: torch.Tensor) -> torch.Tensor:
    """The mean place [B, J, 2] under the softmax of maps [B, J, H, W]; -1 and 1 are the outer edges, right and down."""
    height, width = maps.shape[-2:]
    share = (_SHARPNESS * maps).flatten(2).softmax(dim=2).unflatten(2, (height, width))
    right = (torch.arange(width, device=maps.device) * 2 + 1) / width - 1
    down = (torch.arange(height, device=maps.device) * 2 + 1) / height - 1
    return torch.stack(((share.sum(dim=2) * right).sum(dim=2), (share.sum(dim=3) * down).sum(dim=2)), dim=2)


class _Up(nn.Module):
    """Coarse features at twice the size, joined with the finer ones that they came from."""

    def __init__(self, coarse: int, fine: int) -> None:
        super().__init__()
        self.lead = nn.Conv2d(coarse, fine, 1, bias=False)
        self.join = nn.Sequential(_convolution(fine, fine), _norm(fine), nn.ReLU(inplace=True))

    def forward(self, coarse: torch.Tensor, fine: torch.Tensor) -> torch.Tensor:
        led = self.lead(coarse).repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
        return self.join(led + fine)


class _Stage(nn.Module):
    """A convolution of stride 2 and a residual block (He et al., CVPR 2016), group-normalised (Wu and He, 2018)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.halve = nn.Sequential(_convolution(inputs, outputs, 2), _norm(outputs), nn.ReLU(inplace=True))
        self.inner = nn.Sequential(
            _convolution(outputs, outputs), _norm(outputs), nn.ReLU(inplace=True),
            _convolution(outputs, outputs), _norm(outputs),
        )  # fmt: skip

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        halved = self.halve(values)
        return torch.relu(halved + self.inner(halved))


def _convolution(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    layer = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    return layer


def _norm(channels: int) -> nn.GroupNorm:
    return nn.GroupNorm(4, channels)
