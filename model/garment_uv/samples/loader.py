"""Batches of one split, epoch by epoch, in an order that (seed, epoch) alone decides: read, decoded, handed over."""

import os
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import TypeVar

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from garment_uv.errors import UserError
from garment_uv.samples.batch import Batch, PackedBatch, collate, pack
from garment_uv.samples.batch_plan import SHUFFLE_SHARDS, BatchPlan, Division
from garment_uv.samples.child import end_with
from garment_uv.samples.codec import StoredSample, decode_sample, read_stored
from garment_uv.samples.config import BodyNoiseConfig, PictureConfig
from garment_uv.samples.other_body import BodyNoise
from garment_uv.samples.pictures import Pictures
from garment_uv.samples.sample import Sample
from garment_uv.samples.source import DatasetSource, ShardUse, checked_index, sample_format
from garment_uv.uv.atlas import Atlas
from garment_uv.uv.fill import fill as fill_map
from garment_uv.uv.sampling import read_vertices, reading_of

Labelled = TypeVar("Labelled", Sample, StoredSample)

_OPEN_SHARDS = SHUFFLE_SHARDS + 1


class BatchReader(Dataset):
    """Decodes one batch given its (epoch, shard, position) list; at most a window's worth of shards stays open.

    A worker process sends a pair: the batch, or an error as text, and how that process used shards meanwhile.
    """

    def __init__(
        self, source: DatasetSource, split: str, fill: str, noise: BodyNoise | None, pictures: Pictures | None
    ) -> None:
        self._source, self._split, self._fill, self._noise = source, split, fill, noise
        self._pictures = pictures
        self._entries = source.manifest.split_shards(split)
        self._form = sample_format(source.manifest)
        self._atlas: Atlas | None = None
        self._shards: OrderedDict[int, tuple] = OrderedDict()
        self._buffer = bytearray()

    def __getstate__(self) -> dict:
        return {**self.__dict__, "_atlas": None, "_shards": OrderedDict(), "_buffer": bytearray()}

    def __getitem__(self, wanted: list[tuple[int, int, int]]) -> tuple[Batch | PackedBatch | str, ShardUse]:
        answer: Batch | PackedBatch | str
        try:
            answer = self.read(wanted)
        except UserError as error:
            answer = str(error)
        return answer, self._source.use.take()

    def read(self, wanted: list[tuple[int, int, int]]) -> Batch | PackedBatch:
        """The batch, packed where nothing is done to its samples; UserError when a shard cannot be read."""
        if self._noise or self._fill != "as_stored":
            return collate([self._sample(*place) for place in wanted])
        return pack(self._stored(wanted), len(wanted), self._form)

    def close(self) -> None:
        while self._shards:
            self._shards.popitem()[1][0].close()

    def _stored(self, wanted: list[tuple[int, int, int]]) -> Iterator[tuple[str, StoredSample]]:
        """Samples by key; each is gone from the buffer when the next is asked for."""
        for epoch, shard, position in wanted:
            _, file, index = self._shard(shard)
            found = index[position]
            if found.span[1] > len(self._buffer):
                self._buffer = bytearray(found.span[1])
            stored = read_stored(found.key, found.view(file, self._buffer), self._form)
            yield found.key, self._taken(stored, found.key, epoch)

    def _sample(self, epoch: int, shard: int, position: int) -> Sample:
        _, file, index = self._shard(shard)
        found = index[position]
        sample = decode_sample(found.key, found.read(file), self._form)
        if self._noise:
            sample = self._noise(sample, epoch)
        sample = self._taken(sample, found.key, epoch)
        return sample if self._fill == "as_stored" else self._refilled(sample)

    def _taken(self, sample: Labelled, key: str, epoch: int) -> Labelled:
        """The sample with its picture as a camera might have taken it."""
        if self._pictures is None or sample.mask is None:
            return sample
        return replace(sample, image=self._pictures(sample.image, sample.mask, key, epoch))

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
        values = read_vertices(self._atlas, sample.displacement_uv, reading_of(self._source.manifest.fill))
        filled = fill_map(self._atlas, values, sample.vertex_classes > 0, self._fill)
        return replace(sample, displacement_uv=filled, displacement_vertices=values.astype(np.float32))


ALL = Division()
NO_NOISE = BodyNoiseConfig()
AS_STORED = PictureConfig()


class SampleLoader:
    """Iterates `Batch`es of a split.

    `loader.batches(epoch)` is one pass, and `loader.batches(epoch, start, stop)` its batches from number `start` on and
    before `stop`, for who goes on in mid-epoch: what lies outside is neither read nor decoded. With `workers` > 0 that
    many processes decode, each up to two batches ahead, and stay between epochs until `close()`; the batches are the
    same as with 0.

    Args:
        fill: 'as_stored', or a fill method's name: the displacement maps are then filled anew from the
            vertices' values, read back from the stored maps.
        pin_memory: batches in page-locked memory, for a GPU.
        division: only this process's portion of every batch is read; `batch_size` is that of the whole batch.
        body_noise: bodies are perturbed by so much, anew in every epoch, by (seed, epoch, sample) alone.
        pictures: images are changed as cameras would, anew in every epoch; UserError where the dataset has no masks.
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
        pictures: PictureConfig = AS_STORED,
        weights: np.ndarray | None = None,
    ) -> None:
        if batch_size < 1 or workers < 0:
            raise UserError(f"batch size must be at least 1 and workers at least 0, were given {batch_size}, {workers}")
        self._source, self._split = source, split
        self._workers, self._pin = workers, pin_memory
        sizes = [entry.samples for entry in source.manifest.split_shards(split)]
        self._division = division
        self._plan = BatchPlan(sizes, batch_size, seed, shuffle, drop_last, division, weights)
        noise = None if body_noise.is_off else BodyNoise(body_noise, source, seed, smpl_dir)
        if not pictures.is_off and not source.manifest.labels:
            raise UserError(f"training.pictures needs masks, and {source.uri} has none: prepare it again with --labels")
        taken = None if pictures.is_off else Pictures(pictures, seed)
        self._reader = BatchReader(source, split, fill, noise, taken)
        self._loader: DataLoader | None = None

    @property
    def num_samples(self) -> int:
        """Samples of the split."""
        return sum(self._plan.sizes)

    def __len__(self) -> int:
        """Batches of an epoch."""
        return len(self._plan)

    def batches(self, epoch: int, start: int = 0, stop: int | None = None) -> Iterator[Batch]:
        """The batches of an epoch, or those in [start, stop); UserError when a shard's bytes are not the manifest's."""
        if self._division.processes == 1:
            yield from self._decoded(epoch, start, stop)
            return
        sizes = self._plan.batch_sizes()[start:stop]
        for batch, whole in zip(self._decoded(epoch, start, stop), sizes, strict=True):
            yield replace(batch, portion=self._division.portion(whole))

    def _decoded(self, epoch: int, start: int, stop: int | None) -> Iterator[Batch]:
        if self._workers == 0:
            for wanted in self._plan.of_epoch(epoch, start, stop):
                answer = self._reader.read(wanted)
                yield _unpacked(answer.pin_memory() if self._pin else answer)
            return
        if self._loader is None:
            self._loader = DataLoader(
                self._reader,
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
        self._plan.epoch, self._plan.start, self._plan.stop = epoch, start, stop
        for answer, use in self._loader:
            self._source.use.add(use)
            if isinstance(answer, str):
                raise UserError(answer)
            yield _unpacked(answer)

    def close(self) -> None:
        """Ends the workers and closes the shards; the loader can be used again."""
        self._loader = None
        self._reader.close()


def _unpacked(answer: Batch | PackedBatch) -> Batch:
    return answer.batch() if isinstance(answer, PackedBatch) else answer
