"""A trained model for use, loaded once: picture in, garments out; and the same as one exported program.

`reconstructor.Reconstructor` takes a model folder or an inference folder, which `export.export_model` writes.
"""

__all__ = ["export", "reconstructor"]
