"""Datasets by URI: reading through the node's cache, writing verified, and checking every byte."""

from garment_sweeps.shards.sink import open_sink
from garment_sweeps.shards.source import open_source
from garment_sweeps.shards.verify import VerifyReport, verify

__all__ = ["VerifyReport", "open_sink", "open_source", "verify"]
