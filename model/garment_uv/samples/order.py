"""In which order an epoch visits a split's samples: a function of (seed, epoch) alone."""

import numpy as np

SHUFFLE_SHARDS = 8
"""Shards whose samples are mixed with one another; bounds the files open and the cache in use at a time."""


def epoch_order(
    shard_sizes: list[int], seed: int, epoch: int, shuffle: bool, weights: np.ndarray | None = None
) -> list[tuple[int, int]]:
    """(shard, position in it) of every sample once; with `weights` of as many samples, drawn with replacement.

    Shuffled, the shards are permuted, taken in windows of `SHUFFLE_SHARDS`, and the samples of each window
    are permuted together: a whole permutation for small datasets, and few shards at a time for large ones. `weights`
    are probabilities [N] of the samples in stored order, and take effect only where the order is shuffled.
    """
    if not shuffle:
        return [(shard, position) for shard, size in enumerate(shard_sizes) for position in range(size)]
    rng = np.random.default_rng([seed, epoch])
    shards = rng.permutation(len(shard_sizes))
    total = sum(shard_sizes)
    times = np.ones(total, int) if weights is None else rng.multinomial(total, weights)
    first = np.cumsum([0, *shard_sizes])
    order: list[tuple[int, int]] = []
    for start in range(0, len(shards), SHUFFLE_SHARDS):
        window = shards[start : start + SHUFFLE_SHARDS]
        samples = [
            (int(shard), position)
            for shard in window
            for position in range(shard_sizes[shard])
            for _ in range(times[first[shard] + position])
        ]
        order += [samples[i] for i in rng.permutation(len(samples))]
    return order
