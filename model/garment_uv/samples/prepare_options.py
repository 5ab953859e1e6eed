"""How raw sequences become a dataset."""

from typing import Literal

from pydantic import Field

from garment_uv.config import Config
from garment_uv.samples.manifest import Name


class PrepareOptions(Config):
    """Sizes, ranges and strides of a dataset. Image and map sizes are not published: ours."""

    map_size: int = Field(default=256, ge=32, le=2048, multiple_of=2)
    """U, texels along a side of the UV maps."""
    image_size: int = Field(default=256, ge=32, le=2048)
    """I, px along a side of the image."""
    subdivisions: int = Field(default=1, ge=0, le=3)
    """How often the body topology is subdivided."""
    fill: Literal["least_norm", "barycentric", "telea", "navier_stokes", "none"] = "least_norm"
    """How displacement maps are filled between vertices; body maps are always filled by 'least_norm'."""
    displacement_limit_m: float = Field(default=1.0, gt=0, le=10)
    """A displacement beyond this leaves its sequence out."""
    body_limit_m: float = Field(default=1.5, gt=0, le=10)
    """A body vertex further from the root, along any axis, leaves its sequence out."""
    samples_per_shard: int = Field(default=100, ge=1, le=100_000)
    every: int = Field(default=1, ge=1, le=10_000)
    """Stride: frame 0 and every so many after it (CLOTH3D's challenge scores every 10th)."""
    evaluation_splits: tuple[Name, ...] = ("val", "test")
    """Splits whose samples carry the raw garment meshes."""
    image_format: Literal["jpg", "png"] = "jpg"
    """jpg of quality 95, or png without loss."""
    floor_frames: int = Field(default=3, ge=0, le=10_000)
    """Frames per sequence, evenly spaced, on which the registration's own S2S is measured; 0 for none."""
