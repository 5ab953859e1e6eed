"""What an epoch's data cost its training: waits, and how often a shard was on the node already."""

import time
from collections.abc import Iterator

import torch

from garment_uv.samples.batch import Batch
from garment_uv.samples.source import DatasetSource
from garment_uv.training.parallel import Processes


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
