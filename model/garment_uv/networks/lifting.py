"""From the picture to the map: features of the pixels at which each texel's body point is seen (ours).

Each texel takes them at several heights above the body along its normal, since loose cloth is seen beside it, and what
is hidden takes those of the texel in the mirror.
"""

import torch
import torch.nn.functional as F

from garment_uv.classes import SKIN
from garment_uv.geometry.picture_square import crop_coordinates, to_square
from garment_uv.networks.config import LiftedConfig
from garment_uv.networks.person_view import PersonView

HIDDEN_M = 0.03
"""A point so far behind the nearest body surface is hidden, metres."""
LABELS = SKIN + 1
"""Classes of a pixel: background, the garments, and all else of the person."""
OWN_CHANNELS = 10
"""Beside the picture's features: covered, visible, seen at which angle, the mirror's visibility, place and normal."""


def lifted_channels(features: int, heights: int) -> int:
    """Channels of `lift` with so many features at so many heights."""
    return features * (heights + 1) + OWN_CHANNELS


def map_channels(config: LiftedConfig) -> int:
    """Channels of the maps that the encoder of this config reads."""
    return lifted_channels(config.features + LABELS, len(config.heights))


def lift(
    features: torch.Tensor,
    view: PersonView,
    body_uv: torch.Tensor,
    normals: torch.Tensor,
    camera: torch.Tensor,
    heights: tuple[float, ...],
) -> torch.Tensor:
    """Maps [B, `lifted_channels`, U, U] of features [B, C, n, n] of a view; zero where the body map is empty.

    body_uv and its unit normals are [B, 3, U, U] (m), camera [B, 3], heights metres, the first of which the mirrored
    features are taken at.
    """
    covered = (body_uv != 0).any(dim=1, keepdim=True).float()
    place, out = (each.permute(0, 2, 3, 1) for each in (body_uv.float(), normals.float()))
    layers = [_sampled(features, place + height * out, view, camera) for height in heights]
    visible = covered * _visible(view, place, camera)
    to_camera = F.normalize(camera[:, None, None] - place, dim=-1)
    angle = (out * to_camera).sum(dim=-1)[:, None]
    mirrored = flip_halves(torch.cat((layers[0], visible), dim=1))
    maps = torch.cat((*layers, mirrored, covered, visible, angle, body_uv, normals), dim=1)
    return maps * covered


def flip_halves(maps: torch.Tensor) -> torch.Tensor:
    """Maps [..., U, U] with the left and the right half each flipped about its own middle."""
    size = maps.shape[-1]
    return maps.unflatten(-1, (2, size // 2)).flip(-1).reshape(maps.shape)


def _sampled(features: torch.Tensor, points: torch.Tensor, view: PersonView, camera: torch.Tensor) -> torch.Tensor:
    """Features [B, C, U, U] at points [B, U, U, 3], zero outside of the view."""
    grid = to_square(crop_coordinates(points, camera), view.square)
    return F.grid_sample(features.float(), grid, align_corners=False)


def _visible(view: PersonView, points: torch.Tensor, camera: torch.Tensor) -> torch.Tensor:
    """[B, 1, U, U] 1 where no part of the body lies before the point, and it is in the view."""
    grid = to_square(crop_coordinates(points, camera), view.square)
    nearest = F.grid_sample(view.depth, grid, mode="nearest", padding_mode="border", align_corners=False)
    away = (camera[:, 0].view(-1, 1, 1) - points[..., 0])[:, None]
    within = (grid.abs().amax(dim=-1) < 1)[:, None]
    return ((away < nearest + HIDDEN_M) & within).float()
