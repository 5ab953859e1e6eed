"""What a network is told of each texel (ours): which place of the body it is, and the frame of the surface there."""

import torch
import torch.nn.functional as F
from torch import nn

SIZE = 32
"""Places along each side: one for every four texels of a map of 128."""


class TexelEmbedding(nn.Module):
    """Adds the same learned [1, C, H, W] to the features of every sample; zero before training.

    The positional embedding of Dosovitskiy et al. (ICLR 2021), on the texels of a UV map, where a place is always the
    same part of the body: a convolution alone does not know where it is.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.features = nn.Parameter(torch.zeros(1, channels, SIZE, SIZE))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Features [B, C, H, W] with the place's own added, which are interpolated where H or W is not 32."""
        place: torch.Tensor = self.features
        if features.shape[-2:] != place.shape[-2:]:
            place = F.interpolate(place, size=features.shape[-2:], mode="bilinear", align_corners=False)
        return features + place.to(features.dtype)


_FLAT = 1e-8
"""Squared metres: below it a texel's tangents span no surface, and the frame is the sample's own."""


def texel_frames(body_uv: torch.Tensor) -> torch.Tensor:
    """Right-handed orthonormal frames [B, 3, 3, U, U] of body maps [B, 3, U, U] (m).

    Axis 1 holds the frame's vectors (tangent along u, their cross product, normal), axis 2 their coordinates in the
    sample frame. Tangents are central differences; where there is no surface the frame is the identity.
    """
    body = body_uv.float()
    along_u = _difference(body, dim=-1)
    along_v = _difference(body, dim=-2)
    normal = torch.linalg.cross(along_u, along_v, dim=1)
    area = normal.square().sum(dim=1, keepdim=True).sqrt()
    flat = area < _FLAT
    normal = normal / area.clamp_min(_FLAT)
    tangent = along_u / along_u.square().sum(dim=1, keepdim=True).sqrt().clamp_min(_FLAT**0.5)
    frames = torch.stack((tangent, torch.linalg.cross(normal, tangent, dim=1), normal), dim=1)
    identity = torch.eye(3, device=body.device).reshape(1, 3, 3, 1, 1)
    return torch.where(flat[:, None], identity, frames)


def to_sample_frame(maps: torch.Tensor, frames: torch.Tensor) -> torch.Tensor:
    """Vectors [B, 3, U, U] given in `frames` as vectors in the sample frame, [B, 3, U, U]."""
    return (maps[:, :, None] * frames).sum(dim=1)


def _difference(body: torch.Tensor, dim: int) -> torch.Tensor:
    size = body.shape[dim]
    padding = (1, 1, 0, 0) if dim == -1 else (0, 0, 1, 1)
    padded = F.pad(body, padding, mode="replicate")
    return (padded.narrow(dim, 2, size) - padded.narrow(dim, 0, size)) / 2
