"""The encoder E: image, body map and unwrapped image to features at U, U/2 and U/4; and the texels' own frames.

The picture's colours are laid onto the UV map: what each texel's body point looks like in the image (ours).
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

from garment_uv.geometry.picture_square import crop_coordinates
from garment_uv.networks.blocks import ConvBlock, in_layout_of
from garment_uv.networks.config import GeneratorConfig
from garment_uv.networks.lifting import map_channels


def unwrap_image(images: torch.Tensor, body_uv: torch.Tensor, cameras: torch.Tensor) -> torch.Tensor:
    """Colours [B, 3, U, U] of images [B, 3, I, I] at each texel's body point `body_uv` [B, 3, U, U] (m), bilinear.

    Zero where the body map is empty (all three exactly 0) and outside the picture. Occlusion is not tested: a texel of
    the back shows the colour in front of it.
    """
    covered = (body_uv != 0).any(dim=1, keepdim=True)
    grid = crop_coordinates(body_uv.permute(0, 2, 3, 1).float(), cameras.float())
    colours = F.grid_sample(images.float(), grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    return torch.where(covered, colours, torch.zeros_like(colours))


SIZE = 32
"""Places along each side: one for every four texels of a map of 128."""


class TexelEmbedding(nn.Module):
    """Adds the same learned [1, C, H, W], zero before training, to the features of every sample.

    The positional embedding of Dosovitskiy et al. (ICLR 2021): a convolution alone does not know where it is.
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
    sample frame. Tangents are central differences, which look into the gutter at a seam: there a normal reads back
    far shorter than 1 (`uv.frames` has the surface's own). Where there is no surface the frame is the identity.
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


class Seen(NamedTuple):
    """What the image network of `image='lifted'` says of a picture by itself."""

    code: torch.Tensor
    """[B, Z] of the whole picture."""
    parsing_logits: torch.Tensor
    """[B, 8, n, n] what each pixel of the person's square shows, as `Batch.parsing` numbers it; float32."""
    square: torch.Tensor
    """[B, 3] where the square is: see `person_view.PersonView`."""


class Encoded(NamedTuple):
    """Inputs and features of one batch; features have 1, 2 and 4 times `base_features` channels."""

    inputs: torch.Tensor
    """[B, K, U, U] what the encoder read: `input_channels`."""
    full: torch.Tensor
    """[B, C, U, U]"""
    half: torch.Tensor
    """[B, 2C, U/2, U/2]"""
    quarter: torch.Tensor
    """[B, 4C, U/4, U/4]"""
    seen: Seen | None = None
    """None where the picture is stacked onto the map."""


def input_channels(config: GeneratorConfig) -> int:
    """Channels that the encoder reads: 3 of the image, 3 of the body map, 3 of the unwrapped image; or lifted ones."""
    if config.image == "lifted":
        return map_channels(config.lifted)
    return 3 + 3 * config.condition_on_body + 3 * _unwraps(config)


def _unwraps(config: GeneratorConfig) -> bool:
    return config.unwrap_image and config.condition_on_body


class Encoder(nn.Module):
    """E of the published model: a 7x7 convolution and two of stride 2 over the stacked inputs (sizes of LGGAN).

    With `unwrap_image` three more input channels hold the picture's colours at each texel's body point (ours). Without
    `condition_on_body` neither the body map nor the unwrapped image, which is made from it, is an input.
    """

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.condition_on_body = config.condition_on_body
        self.unwrap = _unwraps(config)
        channels = config.base_features
        self.first = ConvBlock(input_channels(config), channels, kernel=7, reflect=True)
        self.second = ConvBlock(channels, 2 * channels, stride=2)
        self.third = ConvBlock(2 * channels, 4 * channels, stride=2)
        self.place = TexelEmbedding(4 * channels) if config.texel_embedding else nn.Identity()

    def forward(self, image: torch.Tensor, body_uv: torch.Tensor, camera: torch.Tensor) -> Encoded:
        """Features of image [B, 3, I, I], body_uv [B, 3, U, U] (m) and camera [B, 3] (m, root-relative)."""
        inputs = in_layout_of(self.first[0].weight, self.stack(image, body_uv, camera))  # type: ignore[arg-type]
        full = self.first(inputs)
        half = self.second(full)
        return Encoded(inputs, full, half, self.place(self.third(half)))

    def stack(self, image: torch.Tensor, body_uv: torch.Tensor, camera: torch.Tensor) -> torch.Tensor:
        """The input channels [B, 3 to 9, U, U]: the resized image, then the body map, then the unwrapped image."""
        size = body_uv.shape[-2:]
        shrinks = image.shape[-1] > size[-1]
        resized = (
            image
            if image.shape[-2:] == size
            else F.interpolate(image, size=size, mode="bilinear", align_corners=False, antialias=shrinks)
        )
        channels = [resized]
        if self.condition_on_body:
            channels.append(body_uv)
        if self.unwrap:
            channels.append(unwrap_image(image, body_uv, camera))
        return torch.cat(channels, dim=1)
