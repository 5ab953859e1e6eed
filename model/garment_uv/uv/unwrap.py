"""The picture's colours laid onto the UV map: what each texel's body point looks like in the image (ours)."""

import torch
import torch.nn.functional as F

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


def unwrap_image(images: torch.Tensor, body_uv: torch.Tensor, cameras: torch.Tensor) -> torch.Tensor:
    """Colours [B, 3, U, U] of images [B, 3, I, I] at each texel's body point `body_uv` [B, 3, U, U] (m), bilinear.

    Zero where the body map is empty (all three exactly 0) and outside the picture. Occlusion is not tested: a texel of
    the back shows the colour in front of it.
    """
    covered = (body_uv != 0).any(dim=1, keepdim=True)
    grid = crop_coordinates(body_uv.permute(0, 2, 3, 1).float(), cameras.float())
    colours = F.grid_sample(images.float(), grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    return torch.where(covered, colours, torch.zeros_like(colours))
