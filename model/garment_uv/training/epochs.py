"""An epoch: which batches it takes, what their data cost, and the learning rate (Tang et al., CVPR 2020)."""

import time
from collections.abc import Iterator
from typing import NamedTuple

import torch

from garment_uv.samples.batch import Batch
from garment_uv.samples.source import DatasetSource
from garment_uv.training.parallel import Processes


class Stretch(NamedTuple):
    """Batches of one pass."""

    number: int
    """Of the pass, from 0; with the seed it decides the pass's order."""
    start: int
    """Its first batch that is taken."""
    stop: int
    """And the first one that is not."""


def stretches(epoch: int, pass_batches: int, epoch_batches: int = 0) -> Iterator[Stretch]:
    """The batches of one epoch, in order, where a pass has `pass_batches`.

    With `epoch_batches` > 0 an epoch takes so many and begins where the one before ended.
    """
    size = epoch_batches or pass_batches
    at, end = epoch * size, (epoch + 1) * size
    while at < end:
        number, start = divmod(at, pass_batches)
        stop = min(pass_batches, start + end - at)
        yield Stretch(number, start, stop)
        at += stop - start


def rate_factor(epoch: int, epochs: int, decay_from: float) -> float:
    """What the base rates are multiplied by in `epoch` (0-based): 1 up to `decay_from`, then linearly less, never 0."""
    first = round(decay_from * epochs)
    if epoch < first:
        return 1.0
    return max(0.0, 1.0 - (epoch - first + 1) / (epochs - first + 1))


class DataWatch:
    """Counts over one epoch, of all processes that train together."""

    def __init__(self, source: DatasetSource, processes: Processes, device: torch.device) -> None:
        self._source, self._processes, self._device = source, processes, device
        self._waited_s = self._seconds = 0.0

    def batches(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        """The same batches; counts how long each was waited for, and how long all of it took."""
        began = asked = time.monotonic()
        for batch in batches:
            self._waited_s += time.monotonic() - asked
            yield batch
            asked = time.monotonic()
        self._seconds += time.monotonic() - began

    def metrics(self) -> dict[str, float]:
        """Of what was counted since the last time; every process of the training must ask.

        'cache_hit_rate': share of the opened shards that needed no download by their process; 1 where none was opened.
        'shards_fetched': shards downloaded. 'shard_wait_s': seconds until shards were open, added up over processes.
        'loader_wait': share of the time of training steps that was spent waiting for a batch.
        """
        use = self._source.use.take()
        own = [use.opened, use.fetched, use.wait_s, self._waited_s, self._seconds]
        self._waited_s = self._seconds = 0.0
        summed = self._processes.sum(torch.tensor(own, dtype=torch.float64, device=self._device))
        opened, fetched, wait_s, waited_s, seconds = summed.tolist()
        return {
            "cache_hit_rate": 1 - fetched / opened if opened else 1.0,
            "shards_fetched": fetched,
            "shard_wait_s": wait_s,
            "loader_wait": waited_s / seconds if seconds else 0.0,
        }
