"""Which samples each batch of an epoch takes, and which of them are this process's."""

from collections.abc import Iterator

import numpy as np
from torch.utils.data import Sampler

from garment_uv.samples.division import Division
from garment_uv.samples.order import epoch_order


class BatchPlan(Sampler):
    """This process's portions of an epoch's batches as lists of (epoch, shard, position)."""

    def __init__(
        self,
        sizes: list[int],
        batch_size: int,
        seed: int,
        shuffle: bool,
        drop_last: bool,
        division: Division,
        weights: np.ndarray | None,
    ) -> None:
        self.sizes, self.batch_size, self.seed, self.division = sizes, batch_size, seed, division
        self.shuffle, self.drop_last, self.weights = shuffle, drop_last, weights
        self.epoch = self.start = 0
        self.stop: int | None = None

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
