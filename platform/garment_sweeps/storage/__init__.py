"""Datasets by URI: reading through the node's cache, writing verified, and checking every byte."""

from garment_sweeps.storage.sink import open_sink
from garment_sweeps.storage.source import open_source
from garment_sweeps.storage.verify import VerifyReport, verify

__all__ = ["VerifyReport", "open_sink", "open_source", "verify"]
