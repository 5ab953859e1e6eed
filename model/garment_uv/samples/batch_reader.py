"""Reads and decodes one batch, in the training's process or in one of a loader's."""

from collections import OrderedDict
from contextlib import ExitStack
from dataclasses import replace

import numpy as np
from torch.utils.data import Dataset

from garment_uv.errors import UserError
from garment_uv.samples.batch import Batch, collate
from garment_uv.samples.batch_plan import SHUFFLE_SHARDS
from garment_uv.samples.body_noise import BodyNoise
from garment_uv.samples.codec import decode_sample, read_stored
from garment_uv.samples.packed_batch import BatchDecoder, PackedBatch
from garment_uv.samples.sample import Sample
from garment_uv.samples.source import DatasetSource, ShardUse, checked_index, sample_format
from garment_uv.uv.atlas import Atlas
from garment_uv.uv.fill import fill as fill_map
from garment_uv.uv.sampling import read_vertices, reading_of

_OPEN_SHARDS = SHUFFLE_SHARDS + 1


class BatchReader(Dataset):
    """Decodes one batch given its (epoch, shard, position) list; at most a window's worth of shards stays open.

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
        values = read_vertices(self._atlas, sample.displacement_uv, reading_of(self._source.manifest.fill))
        filled = fill_map(self._atlas, values, sample.vertex_classes > 0, self._fill)
        return replace(sample, displacement_uv=filled, displacement_vertices=values.astype(np.float32))
