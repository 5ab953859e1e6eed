"""Meshes to look at, and the model, body and picture that reconstructions are made with."""

from tests.garment_uv.pictured import body, body_file, dress, frame, model, open_body, picture

__all__ = ["body", "body_file", "dress", "frame", "model", "open_body", "picture"]
