"""Image networks: what is read out of the person's square of a picture. `unet` is ours."""

__all__ = ["unet"]
