"""What one training sample is, how it is made of a raw sequence and stored, and how it reaches a network.

`prepare.prepare` makes a dataset, `sets` those that have a name, `source` reads one, `loader.SampleLoader` gives its
batches.
"""

__all__ = [
    "backgrounds",
    "batch",
    "batch_plan",
    "codec",
    "config",
    "crew",
    "fill_error",
    "flow",
    "flows",
    "frames",
    "jobs",
    "labels",
    "loader",
    "manifest",
    "other_body",
    "parts",
    "pictures",
    "prepare",
    "sample",
    "sets",
    "sink",
    "source",
    "staging",
    "survey",
]
