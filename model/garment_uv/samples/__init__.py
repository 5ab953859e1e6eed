"""What one training sample is, how it is made of a raw sequence and stored, and how it reaches a network.

`prepare.prepare` makes a dataset, `source` reads one, `loader.SampleLoader` gives its batches.
"""

__all__ = [
    "backgrounds",
    "batch",
    "batch_plan",
    "codec",
    "config",
    "crew",
    "flow",
    "frames",
    "jobs",
    "labels",
    "loader",
    "manifest",
    "open_benchmark",
    "other_body",
    "pictures",
    "prepare",
    "sample",
    "sink",
    "source",
    "staging",
    "survey",
]
