"""Raw sequences: what one is (`raw`), CLOTH3D's, anybody's in plain files, and open ones of our own making."""

__all__ = ["cloth3d", "open", "plain", "raw"]
