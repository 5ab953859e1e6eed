"""What one training sample is, how it is made of a raw sequence and stored, and how it reaches a network.

`prepare.prepare` makes a dataset, `source` reads one, `loader.SampleLoader` gives its batches.
"""

__all__ = [
    "batch",
    "batch_plan",
    "codec",
    "crew",
    "flow",
    "frames",
    "loader",
    "manifest",
    "noise_config",
    "open_benchmark",
    "other_body",
    "part",
    "prepare",
    "prepare_options",
    "sample",
    "sink",
    "source",
    "staging",
]
