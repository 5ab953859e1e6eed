"""A batch of samples as torch tensors, from samples or decoded straight into one block of memory."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch

from garment_uv.samples.batch_plan import Portion
from garment_uv.samples.codec import LABELS, SampleFormat, StoredSample
from garment_uv.samples.sample import Sample
from garment_uv.uv.codec import decode_u16_into

_ALIGNMENT = 64
"""Bytes at whose multiples a tensor of a block begins: a line of the processor's cache."""


@dataclass(frozen=True)
class Batch:
    """B samples. Lengths in metres, in the samples' frame: root-relative, z-up, turned by zrot."""

    keys: list[str]
    image: torch.Tensor
    """float32 [B, 3, I, I] in [-1, 1]."""
    body_uv: torch.Tensor
    """float32 [B, 3, U, U] posed body."""
    displacement_uv: torch.Tensor
    """float32 [B, 3, U, U] garment minus body."""
    segments: torch.Tensor
    """int64 [B, U, U] class ids, 0 none."""
    vertex_classes: torch.Tensor
    """int64 [B, V] class ids, 0 none."""
    body_vertices: torch.Tensor
    """float32 [B, V, 3]."""
    topology: list[str]
    """'default' or 'skirt' per sample."""
    camera: torch.Tensor
    """float32 [B, 3] camera relative to the turned root; it looks along -x."""
    mask: torch.Tensor | None = None
    """uint8 [B, I, I] how much of each pixel is the person; None in datasets without labels, as the parsing."""
    parsing: torch.Tensor | None = None
    """uint8 [B, I, I] what each pixel shows: see `labels.py`."""
    displacement_vertices: torch.Tensor | None = None
    """float32 [B, V, 3] true displacements where the maps were refilled, so that reading them does not give these."""
    frames: torch.Tensor | None = None
    """float32 [B, 3, 3, U, U] frames of the told body's surface, where a network asks for them: see `uv.frames`."""
    portion: Portion | None = None
    """Where several processes train together: which samples of the whole batch these are."""

    @property
    def whole(self) -> int:
        """Samples of the whole batch, over all processes."""
        return self.portion.whole if self.portion else len(self)

    def __len__(self) -> int:
        return len(self.keys)

    def to(self, device: torch.device | str, non_blocking: bool = False) -> "Batch":
        """The same batch on another device."""
        return self._with(lambda tensor: tensor.to(device, non_blocking=non_blocking))

    def pin_memory(self) -> "Batch":
        """The same batch in page-locked memory, for copies to a GPU."""
        return self._with(torch.Tensor.pin_memory)

    def _with(self, change: Callable[[torch.Tensor], torch.Tensor]) -> "Batch":
        values: dict[str, Any] = {item.name: getattr(self, item.name) for item in fields(self)}
        changed: dict[str, Any] = {name: change(x) if isinstance(x, torch.Tensor) else x for name, x in values.items()}
        return Batch(**changed)


def collate(samples: list[Sample]) -> Batch:
    """Stacks samples of one dataset; B >= 1."""

    def stack(name: str, dtype: type) -> torch.Tensor:
        return torch.from_numpy(np.stack([getattr(sample, name) for sample in samples]).astype(dtype, copy=False))

    image = stack("image", np.uint8).permute(0, 3, 1, 2).contiguous().float().div_(127.5).sub_(1.0)
    labelled = samples[0].mask is not None
    refilled = samples[0].displacement_vertices is not None
    return Batch(
        keys=[sample.key for sample in samples],
        image=image,
        body_uv=stack("body_uv", np.float32),
        displacement_uv=stack("displacement_uv", np.float32),
        segments=stack("segments", np.int64),
        vertex_classes=stack("vertex_classes", np.int64),
        body_vertices=stack("body_vertices", np.float32),
        topology=[sample.topology for sample in samples],
        camera=torch.from_numpy(np.stack([sample.body.camera for sample in samples]).astype(np.float32)),
        mask=stack("mask", np.uint8) if labelled else None,
        parsing=stack("parsing", np.uint8) if labelled else None,
        displacement_vertices=stack("displacement_vertices", np.float32) if refilled else None,
    )


@dataclass(frozen=True)
class PackedBatch:
    """B samples on their way from the process that decoded them, which hands their block over whole."""

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
        return Batch(keys=self.keys, topology=self.topology, **_tensors_of(self.block, len(self.keys), self.form))


def _empty_block(count: int, form: SampleFormat) -> torch.Tensor:
    """A block for so many samples, not yet written; in shared memory where a loader's process asks for it."""
    size = sum(_room(shape, dtype) for shape, dtype in _layout(count, form).values())
    if torch.utils.data.get_worker_info() is None:
        return torch.empty(size, dtype=torch.uint8)
    return torch.empty(0, dtype=torch.uint8).set_(torch.UntypedStorage._new_shared(size))


def _tensors_of(block: torch.Tensor, count: int, form: SampleFormat) -> dict[str, Any]:
    """The tensors of `Batch` by name, as views of a block of `count` samples."""
    found, at = {}, 0
    for name, (shape, dtype) in _layout(count, form).items():
        length = int(np.prod(shape)) * dtype.itemsize
        found[name] = block[at : at + length].view(dtype).view(shape)
        at += _room(shape, dtype)
    return found


def _layout(count: int, form: SampleFormat) -> dict[str, tuple[tuple[int, ...], torch.dtype]]:
    size, vertices, image = form.map_size, form.num_vertices, form.image_size
    labels = {name: ((count, image, image), torch.uint8) for name in LABELS if form.labels}
    return labels | {
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


def pack(samples: Iterable[tuple[str, StoredSample]], count: int, form: SampleFormat) -> PackedBatch:
    """Decodes `count` samples by key, one at a time, so that a sample's bytes can be let go of.

    In a loader's process the tensors lie in shared memory from the start, where torch would have to copy them else.
    """
    packed = PackedBatch([], [], _empty_block(count, form), form)
    tensors = _tensors_of(packed.block, count, form)
    for at, (key, stored) in enumerate(samples):
        packed.keys.append(key)
        packed.topology.append(stored.topology)
        tensors["image"][at].copy_(torch.from_numpy(stored.image).permute(2, 0, 1)).div_(127.5).sub_(1.0)
        for name, codes, limit_m in (
            ("body_uv", stored.body_uv, form.body_limit_m),
            ("displacement_uv", stored.displacement, form.displacement_limit_m),
            ("body_vertices", stored.body_vertices, form.body_limit_m),
        ):
            decode_u16_into(tensors[name][at].numpy(), codes, limit_m)
        for name in LABELS if form.labels else ():
            tensors[name][at].numpy()[:] = getattr(stored, name)
        tensors["segments"][at].numpy()[:] = stored.segments
        tensors["vertex_classes"][at].numpy()[:] = stored.vertex_classes
        tensors["camera"][at].numpy()[:] = stored.body.camera
    return packed
