"""Garments onto the body topology: correspondences found at rest, once per sequence, and what they lose."""

from garment_uv.registration.quality import floor_s2s, outfit_quality, registered_s2s, rest_quality
from garment_uv.registration.register import (
    Registration,
    RestOutfit,
    register_outfit,
    registration_of,
    rest_outfit,
)

__all__ = [
    "Registration",
    "RestOutfit",
    "floor_s2s",
    "outfit_quality",
    "register_outfit",
    "registered_s2s",
    "registration_of",
    "rest_outfit",
    "rest_quality",
]
