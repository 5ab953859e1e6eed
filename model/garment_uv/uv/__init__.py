"""The UV canvas: the atlas, vertices to maps (fill) and back (sampling, readback), frames, segments, units and codes.

Of all who read samples, only those that fill or sample maps wait for scipy and torch.
"""

__all__ = [
    "atlas",
    "build",
    "codec",
    "fill",
    "frames",
    "layout",
    "least_norm",
    "readback",
    "sampling",
    "segments",
    "spread",
    "system",
    "units",
]
