"""Frozen, validated configuration: the base class and the config of one whole trial."""

from garment_uv.config.base import Config, parse_assignments

__all__ = ["Config", "parse_assignments"]
