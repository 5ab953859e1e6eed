"""The UV canvas: the atlas, vertices to maps (fill) and back (sampling), segments, units and stored codes.

Of all who read samples, only those that fill or sample maps wait for scipy and torch.
"""

__all__ = ["atlas", "build", "codec", "fill", "sampling", "segments", "units"]
