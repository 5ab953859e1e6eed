"""What people look at: pictures, galleries, viewer pages, and files that other programs open.

Nothing below knows of it; `reconstruct` and `reconstruct_many` write what comes of pictures.
"""

__all__ = [
    "exhibits",
    "gallery",
    "inspection",
    "meshes",
    "picture",
    "reconstruct",
    "reconstruct_many",
    "registration_report",
    "viewer",
]
