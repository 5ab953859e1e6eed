"""Triangle meshes, cameras and rotations, and what is measured on them.

Knows no body, no map and no garment class; body, registration, maps, losses, datasets and pictures are made with it.
"""

__all__ = [
    "camera",
    "edges",
    "normals",
    "obj",
    "rays",
    "rotations",
    "s2s",
    "sparse",
    "warp_device",
    "z_buffer",
]
