"""The UV canvas: the atlas, vertices to maps (fill) and back (sampling), segments, and stored codes.

Its modules are imported by name: of all who read samples, only those that fill or sample maps wait for scipy and torch.
"""
