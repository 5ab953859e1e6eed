"""The UV canvas: the atlas, vertices to maps (fill) and back (sampling), segments, and stored codes."""

from garment_uv.uv.atlas import Atlas
from garment_uv.uv.build import build_atlas
from garment_uv.uv.codec import decode_u16, encode_u16
from garment_uv.uv.fill import FillMethod, fill
from garment_uv.uv.sampling import MapSampler, read_vertices, sampling_matrix
from garment_uv.uv.segments import rasterise_classes
from garment_uv.uv.unwrap import unwrap_image

__all__ = [
    "Atlas",
    "FillMethod",
    "MapSampler",
    "build_atlas",
    "decode_u16",
    "encode_u16",
    "fill",
    "rasterise_classes",
    "read_vertices",
    "sampling_matrix",
    "unwrap_image",
]
