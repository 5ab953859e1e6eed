"""Raw sequences: what one is (`raw`), CLOTH3D's, anybody's in plain files, open ones of ours, and artists' clothes."""

__all__ = ["artist", "cloth3d", "open", "plain", "raw"]
