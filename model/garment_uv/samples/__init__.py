"""What one training sample is, how it is made of a raw sequence and stored, and how it reaches a network.

`prepare.prepare` makes a dataset, `source` reads one, `loader.SampleLoader` gives its batches.
"""

__all__ = [
    "batch",
    "batch_plan",
    "body_noise",
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
    "posing",
    "prepare",
    "prepare_options",
    "sample",
    "sink",
    "source",
    "staging",
]
