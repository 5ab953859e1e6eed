"""Garments onto the body topology: correspondences found at rest, once per sequence, and what they lose."""

from garment_uv.registration.quality import floor_s2s, registered_s2s, rest_quality
from garment_uv.registration.register import Registration, register_outfit

__all__ = ["Registration", "floor_s2s", "register_outfit", "registered_s2s", "rest_quality"]
