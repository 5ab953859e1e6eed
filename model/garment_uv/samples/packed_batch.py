"""A batch whose tensors share one block of memory, decoded straight into it: one process hands it to another whole."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from garment_uv.samples.batch import Batch
from garment_uv.samples.codec import SampleFormat, StoredSample
from garment_uv.uv.codec import decode_u16_into

_ALIGNMENT = 64
"""Bytes at whose multiples a tensor begins: a line of the processor's cache."""


@dataclass(frozen=True)
class PackedBatch:
    """B samples on their way from the process that decoded them."""

    keys: list[str]
    topology: list[str]
    block: torch.Tensor
    """uint8, all tensors of the batch one after the other."""
    form: SampleFormat

    def pin_memory(self) -> "PackedBatch":
        """The same in page-locked memory, for copies to a GPU; torch's loader calls it."""
        return PackedBatch(self.keys, self.topology, self.block.pin_memory(), self.form)

    def batch(self) -> Batch:
        """The batch; its tensors are views of the block."""
        return Batch(keys=self.keys, topology=self.topology, **batch_tensors(self.block, len(self.keys), self.form))


def empty_block(count: int, form: SampleFormat) -> torch.Tensor:
    """A block for so many samples, not yet written; in shared memory where a loader's process asks for it."""
    size = sum(_room(shape, dtype) for shape, dtype in _layout(count, form).values())
    if torch.utils.data.get_worker_info() is None:
        return torch.empty(size, dtype=torch.uint8)
    return torch.empty(0, dtype=torch.uint8).set_(torch.UntypedStorage._new_shared(size))


def batch_tensors(block: torch.Tensor, count: int, form: SampleFormat) -> dict[str, Any]:
    """The tensors of `Batch` by name, as views of a block of `count` samples."""
    found, at = {}, 0
    for name, (shape, dtype) in _layout(count, form).items():
        length = int(np.prod(shape)) * dtype.itemsize
        found[name] = block[at : at + length].view(dtype).view(shape)
        at += _room(shape, dtype)
    return found


def _layout(count: int, form: SampleFormat) -> dict[str, tuple[tuple[int, ...], torch.dtype]]:
    size, vertices, image = form.map_size, form.num_vertices, form.image_size
    return {
        "image": ((count, 3, image, image), torch.float32),
        "body_uv": ((count, 3, size, size), torch.float32),
        "displacement_uv": ((count, 3, size, size), torch.float32),
        "segments": ((count, size, size), torch.int64),
        "vertex_classes": ((count, vertices), torch.int64),
        "body_vertices": ((count, vertices, 3), torch.float32),
        "camera": ((count, 3), torch.float32),
    }


def _room(shape: tuple[int, ...], dtype: torch.dtype) -> int:
    """Bytes of a tensor, up to where the next one begins."""
    return -(-int(np.prod(shape)) * dtype.itemsize // _ALIGNMENT) * _ALIGNMENT


class BatchDecoder:
    """Fills one batch of B samples, one sample at a time, so that a sample's bytes can be let go of.

    In a loader's process the tensors lie in shared memory from the start, where torch would have to copy them else.
    """

    def __init__(self, count: int, form: SampleFormat) -> None:
        self._form = form
        self._keys: list[str] = []
        self._topology: list[str] = []
        self._block = empty_block(count, form)
        self._tensors = batch_tensors(self._block, count, form)

    def add(self, key: str, stored: StoredSample) -> None:
        """Decodes the next sample."""
        at, form = len(self._keys), self._form
        self._keys.append(key)
        self._topology.append(stored.topology)
        here = {name: tensor[at] for name, tensor in self._tensors.items()}
        here["image"].copy_(torch.from_numpy(stored.image).permute(2, 0, 1)).div_(127.5).sub_(1.0)
        decode_u16_into(here["body_uv"].numpy(), stored.body_uv, form.body_limit_m)
        decode_u16_into(here["displacement_uv"].numpy(), stored.displacement, form.displacement_limit_m)
        decode_u16_into(here["body_vertices"].numpy(), stored.body_vertices, form.body_limit_m)
        here["segments"].numpy()[:] = stored.segments
        here["vertex_classes"].numpy()[:] = stored.vertex_classes
        here["camera"].numpy()[:] = stored.body.camera

    def packed(self) -> PackedBatch:
        """The batch, all its samples added."""
        return PackedBatch(self._keys, self._topology, self._block, self._form)
