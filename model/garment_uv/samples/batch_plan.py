"""Which samples each batch of an epoch takes, in which order, how often, and which of them are this process's."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch.utils.data import Sampler

from garment_uv.errors import UserError
from garment_uv.samples.manifest import Manifest


@dataclass(frozen=True)
class Portion:
    """Which samples of a whole batch one process holds."""

    whole: int
    """Samples of the whole batch, over all processes."""
    first: int
    """Position in it of the first sample held."""
    size: int
    """Samples held, at least 1."""
    counts: bool = True
    """False where the process has no sample of its own and holds another's, so that it takes part in every step."""

    def of(self, whole: torch.Tensor) -> torch.Tensor:
        """The rows of these samples in something [W, ...] that was made for the whole batch, as random numbers are."""
        return whole[self.first : self.first + self.size]


@dataclass(frozen=True)
class Division:
    """One of the processes, and how many there are."""

    rank: int = 0
    processes: int = 1

    def portion(self, whole: int) -> Portion:
        """This process's portion of a batch of so many samples: consecutive ones, as evenly as it goes."""
        first, end = (whole * rank // self.processes for rank in (self.rank, self.rank + 1))
        if first == end:
            return Portion(whole, first=0, size=1, counts=False)
        return Portion(whole, first, end - first)

    def own_chunks(self, positions: np.ndarray, size: int) -> np.ndarray:
        """Of positions [N] in chunks of `size`, those of every `processes`-th chunk, beginning with number `rank`."""
        chunk = np.arange(len(positions)) // size
        return positions[chunk % self.processes == self.rank]


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


def class_balanced(manifest: Manifest, split: str) -> np.ndarray:
    """Probabilities [N] of a split's samples, in stored order, that sum to 1.

    A draw takes one of the split's garment classes, all equally likely, and then one of the samples that wear it. The
    manifest alone tells what each sample wears: samples are stored in the order of its sequences. UserError where it
    does not, which the counts of its shards show.
    """
    worn = [set(entry.garments) for entry in manifest.sequences if entry.split == split for _ in range(entry.frames)]
    first = 0
    for shard in manifest.split_shards(split):
        inside = worn[first : first + shard.samples]
        counts = {name: sum(name in garments for garments in inside) for name in set().union(*inside)}
        if len(inside) != shard.samples or counts != {name: n for name, n in shard.class_counts.items() if n}:
            raise UserError(
                f"the manifest does not tell what the samples of {shard.key} wear; set data.balance=none, or prepare "
                "the dataset again"
            )
        first += shard.samples
    counts = manifest.class_counts(split)
    classes = [name for name, count in counts.items() if count]
    weights = np.array([sum(1.0 / counts[name] for name in garments) for garments in worn])
    if not classes:
        raise UserError(f"no sample of the split {split!r} wears anything; set data.balance=none")
    return weights / len(classes)


@dataclass(eq=False)
class BatchPlan(Sampler):
    """This process's portions of an epoch's batches as lists of (epoch, shard, position)."""

    sizes: list[int]
    batch_size: int
    seed: int
    shuffle: bool
    drop_last: bool
    division: Division
    weights: np.ndarray | None
    epoch: int = 0
    start: int = 0
    stop: int | None = None

    def of_epoch(self, epoch: int, start: int, stop: int | None) -> Iterator[list[tuple[int, int, int]]]:
        places = epoch_order(self.sizes, self.seed, epoch, self.shuffle, self.weights)
        for number, whole in list(enumerate(self.batch_sizes()))[start:stop]:
            portion = self.division.portion(whole)
            first = number * self.batch_size + portion.first
            yield [(epoch, *place) for place in places[first : first + portion.size]]

    def batch_sizes(self) -> list[int]:
        """Samples of each whole batch; the last may have fewer."""
        total = sum(self.sizes)
        return [min(self.batch_size, total - number * self.batch_size) for number in range(len(self))]

    def __iter__(self) -> Iterator[list[tuple[int, int, int]]]:
        return self.of_epoch(self.epoch, self.start, self.stop)

    def __len__(self) -> int:
        total = sum(self.sizes)
        return total // self.batch_size if self.drop_last else -(-total // self.batch_size)
