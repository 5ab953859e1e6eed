"""Raw sequences: where they come from (`raw`), CLOTH3D as it is read and written, and open ones of our own making."""

__all__ = ["cloth3d", "open", "raw"]
