"""Batches of one split, epoch by epoch, in an order that (seed, epoch) alone decides."""

import os
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from garment_uv.errors import UserError
from garment_uv.samples.batch import Batch, collate
from garment_uv.samples.body_noise import BodyNoise
from garment_uv.samples.child import end_with
from garment_uv.samples.codec import decode_sample, read_stored
from garment_uv.samples.decode_batch import BatchDecoder
from garment_uv.samples.division import Division
from garment_uv.samples.noise_config import BodyNoiseConfig
from garment_uv.samples.order import SHUFFLE_SHARDS, epoch_order
from garment_uv.samples.packed_batch import PackedBatch
from garment_uv.samples.sample import Sample
from garment_uv.samples.shard_use import ShardUse
from garment_uv.samples.source import DatasetSource, checked_index, iterate_samples, sample_format
from garment_uv.uv.atlas import Atlas
from garment_uv.uv.fill import fill as fill_map
from garment_uv.uv.sampling import read_vertices

_OPEN_SHARDS = SHUFFLE_SHARDS + 1
ALL = Division()
NO_NOISE = BodyNoiseConfig()


class SampleLoader:
    """Iterates `Batch`es of a split.

    `loader.batches(epoch)` is one pass, and `loader.batches(epoch, start)` its rest from batch number `start` on, for
    who goes on in mid-epoch: what comes before is neither read nor decoded. `iter(loader)` is `batches(self.epoch)`,
    with `set_epoch` as torch's samplers have it. With `workers` > 0 that many processes decode, each up to two batches
    ahead, and stay between epochs until `close()`; the batches are the same as with 0, and no more are in memory.

    Args:
        fill: 'as_stored', or a fill method's name: the displacement maps are then filled anew from the
            vertices' values, read back from the stored maps.
        pin_memory: batches in page-locked memory, for a GPU.
        division: only this process's portion of every batch is read; `batch_size` is that of the whole batch.
        body_noise: bodies are perturbed by so much, anew in every epoch, by (seed, epoch, sample) alone.
        smpl_dir: the user's SMPL files, where noise is to pose bodies of SMPL.
        weights: probabilities [N] of the split's samples; an epoch then draws N of them with replacement.
    """

    def __init__(
        self,
        source: DatasetSource,
        split: str,
        batch_size: int,
        seed: int = 0,
        shuffle: bool = True,
        workers: int = 0,
        fill: str = "as_stored",
        drop_last: bool = False,
        pin_memory: bool = False,
        division: Division = ALL,
        body_noise: BodyNoiseConfig = NO_NOISE,
        smpl_dir: str = "",
        weights: np.ndarray | None = None,
    ) -> None:
        if batch_size < 1 or workers < 0:
            raise UserError(
                f"batch size must be at least 1 and workers at least 0, were given {batch_size}, {workers}"
            )
        self.epoch = 0
        self._source, self._split = source, split
        self._workers, self._pin = workers, pin_memory
        sizes = [entry.samples for entry in source.manifest.split_shards(split)]
        self._division = division
        self._plan = _Plan(sizes, batch_size, seed, shuffle, drop_last, division, weights)
        noise = None if body_noise.is_off else BodyNoise(body_noise, source, seed, smpl_dir)
        self._batches = _Batches(source, split, fill, noise)
        self._loader: DataLoader | None = None

    @property
    def num_samples(self) -> int:
        """Samples of the split."""
        return sum(self._plan.sizes)

    def __len__(self) -> int:
        """Batches of an epoch."""
        return len(self._plan)

    def set_epoch(self, epoch: int) -> None:
        """Chooses the epoch that `iter(loader)` gives."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[Batch]:
        return self.batches(self.epoch)

    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """The batches of one epoch, from number `start` on; UserError when a shard's bytes are not the manifest's."""
        if self._division.processes == 1:
            yield from self._decoded(epoch, start)
            return
        for batch, whole in zip(self._decoded(epoch, start), self._plan.batch_sizes()[start:], strict=True):
            yield replace(batch, portion=self._division.portion(whole))

    def _decoded(self, epoch: int, start: int) -> Iterator[Batch]:
        if self._workers == 0:
            for wanted in self._plan.of_epoch(epoch, start):
                answer = self._batches.read(wanted)
                yield _unpacked(answer.pin_memory() if self._pin else answer)
            return
        if self._loader is None:
            self._loader = DataLoader(
                self._batches,
                batch_size=None,
                sampler=self._plan,
                num_workers=self._workers,
                multiprocessing_context="spawn",
                persistent_workers=True,
                prefetch_factor=2,
                pin_memory=self._pin,
                generator=torch.Generator(),
                worker_init_fn=partial(end_with, os.getpid()),
            )
        self._plan.epoch, self._plan.start = epoch, start
        for answer, use in self._loader:
            self._source.use.add(use)
            if isinstance(answer, str):
                raise UserError(answer)
            yield _unpacked(answer)

    def samples(self, split: str | None = None, max_samples: int = 0) -> Iterator[Sample]:
        """Decoded samples of a split (this loader's unless named), in stored order: see `iterate_samples`."""
        return iterate_samples(self._source, split or self._split, max_samples)

    def close(self) -> None:
        """Ends the workers and closes the shards; the loader can be used again."""
        self._loader = None
        self._batches.close()


class _Plan(Sampler):
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

    def of_epoch(self, epoch: int, start: int = 0) -> Iterator[list[tuple[int, int, int]]]:
        places = epoch_order(self.sizes, self.seed, epoch, self.shuffle, self.weights)
        for number, whole in list(enumerate(self.batch_sizes()))[start:]:
            portion = self.division.portion(whole)
            first = number * self.batch_size + portion.first
            yield [(epoch, *place) for place in places[first : first + portion.size]]

    def batch_sizes(self) -> list[int]:
        """Samples of each whole batch; the last may have fewer."""
        total = sum(self.sizes)
        return [min(self.batch_size, total - number * self.batch_size) for number in range(len(self))]

    def __iter__(self) -> Iterator[list[tuple[int, int, int]]]:
        return self.of_epoch(self.epoch, self.start)

    def __len__(self) -> int:
        total = sum(self.sizes)
        return total // self.batch_size if self.drop_last else -(-total // self.batch_size)


class _Batches(Dataset):
    """Decodes one batch given its (epoch, shard, position) list.

    A worker process sends a pair: the batch, or an error as text, and how that process used shards meanwhile.
    """

    def __init__(self, source: DatasetSource, split: str, fill: str, noise: BodyNoise | None) -> None:
        self._source, self._split, self._fill, self._noise = source, split, fill, noise
        self._entries = source.manifest.split_shards(split)
        self._form = sample_format(source.manifest)
        self._atlas: Atlas | None = None
        self._shards: OrderedDict[int, tuple] = OrderedDict()
        self._buffer = bytearray()

    def __getstate__(self) -> dict:
        return {**self.__dict__, "_atlas": None, "_shards": OrderedDict(), "_buffer": bytearray()}

    def __getitem__(self, wanted: list[tuple[int, int, int]]) -> tuple[Batch | PackedBatch | str, ShardUse]:
        try:
            answer = self.read(wanted)
        except UserError as error:
            answer = str(error)
        return answer, self._source.use.take()

    def read(self, wanted: list[tuple[int, int, int]]) -> Batch | PackedBatch:
        """The batch, packed where nothing is done to its samples; UserError when a shard cannot be read."""
        if self._noise or self._fill != "as_stored":
            return collate([self._sample(*place) for place in wanted])
        decoder = BatchDecoder(len(wanted), self._form)
        for _, shard, position in wanted:
            _, file, index = self._shard(shard)
            found = index[position]
            if found.span[1] > len(self._buffer):
                self._buffer = bytearray(found.span[1])
            decoder.add(found.key, read_stored(found.key, found.view(file, self._buffer), self._form))
        return decoder.packed()

    def close(self) -> None:
        while self._shards:
            self._shards.popitem()[1][0].close()

    def _sample(self, epoch: int, shard: int, position: int) -> Sample:
        _, file, index = self._shard(shard)
        found = index[position]
        sample = decode_sample(found.key, found.read(file), self._form)
        if self._noise:
            sample = self._noise(sample, epoch)
        return sample if self._fill == "as_stored" else self._refilled(sample)

    def _shard(self, shard: int) -> tuple:
        """(exit stack, open file, index) of a shard; at most a window's worth of shards stays open."""
        if shard in self._shards:
            self._shards.move_to_end(shard)
            return self._shards[shard]
        while len(self._shards) >= _OPEN_SHARDS:
            self._shards.popitem(last=False)[1][0].close()
        entry = self._entries[shard]
        with ExitStack() as stack:
            path = stack.enter_context(self._source.open_shard(entry))
            file = stack.enter_context(open(path, "rb"))
            opened = (stack.pop_all(), file, checked_index(path, entry))
        self._shards[shard] = opened
        return opened

    def _refilled(self, sample: Sample) -> Sample:
        if self._atlas is None:
            self._atlas = self._source.atlas()
        values = read_vertices(self._atlas, sample.displacement_uv)
        filled = fill_map(self._atlas, values, sample.vertex_classes > 0, self._fill)
        return replace(sample, displacement_uv=filled, displacement_vertices=values.astype(np.float32))


def _unpacked(answer: Batch | PackedBatch) -> Batch:
    return answer.batch() if isinstance(answer, PackedBatch) else answer
