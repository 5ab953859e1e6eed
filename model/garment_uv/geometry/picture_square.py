"""Where points lie in the sample's picture, and in a square cut out of it."""

import torch

from garment_uv.geometry.camera import HALF_SQUARE


def crop_coordinates(points: torch.Tensor, cameras: torch.Tensor) -> torch.Tensor:
    """Points [B, ..., 3] of the sample frame (m) in the crop's coordinates [B, ..., 2], -1..1, x right, y down.

    Of a camera along -x, in the square of +-1.25 m at the root: f and c cancel. `cameras` [B, 3] are relative to it.
    """
    camera = cameras.reshape(cameras.shape[0], *[1] * (points.dim() - 2), 3)
    cx, cy, cz = camera.unbind(-1)
    x, y, z = points.unbind(-1)
    scale = cx / HALF_SQUARE
    depth = (cx - x).clamp_min(1e-3)
    right = ((y - cy) / depth + cy / cx) * scale
    down = -((z - cz) / depth + cz / cx) * scale
    return torch.stack((right, down), dim=-1)


def to_square(places: torch.Tensor, square: torch.Tensor) -> torch.Tensor:
    """Points [B, ..., 2] of the sample's picture in coordinates of the square, -1 to 1."""
    shape = (len(square), *[1] * (places.dim() - 2))
    return (places - square[:, :2].view(*shape, 2)) / square[:, 2].view(*shape, 1)


def pixels_of(square: torch.Tensor, size: int) -> torch.Tensor:
    """Where the square's pixels lie in the sample's picture, [B, N, N, 2]."""
    steps = (torch.arange(size, device=square.device) + 0.5) * (2 / size) - 1
    down, right = torch.meshgrid(steps, steps, indexing="ij")
    plain = torch.stack((right, down), dim=-1)
    return square[:, None, None, :2] + square[:, None, None, 2:] * plain
