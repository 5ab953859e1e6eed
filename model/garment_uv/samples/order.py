"""In which order an epoch visits a split's samples: a function of (seed, epoch) alone."""

import numpy as np

SHUFFLE_SHARDS = 8
"""Shards whose samples are mixed with one another; bounds the files open and the cache in use at a time."""


def epoch_order(shard_sizes: list[int], seed: int, epoch: int, shuffle: bool) -> list[tuple[int, int]]:
    """(shard, position in it) of every sample once.

    Shuffled, the shards are permuted, taken in windows of `SHUFFLE_SHARDS`, and the samples of each window
    are permuted together: a whole permutation for small datasets, and few shards at a time for large ones.
    """
    if not shuffle:
        return [(shard, position) for shard, size in enumerate(shard_sizes) for position in range(size)]
    rng = np.random.default_rng([seed, epoch])
    shards = rng.permutation(len(shard_sizes))
    order: list[tuple[int, int]] = []
    for start in range(0, len(shards), SHUFFLE_SHARDS):
        window = shards[start : start + SHUFFLE_SHARDS]
        samples = [(int(shard), position) for shard in window for position in range(shard_sizes[shard])]
        order += [samples[i] for i in rng.permutation(len(samples))]
    return order
