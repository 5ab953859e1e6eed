"""Stored samples decoded straight into a batch: the numbers of `collate` of `decode_sample`, without the copies."""

from collections.abc import Sequence

import numpy as np
import torch

from garment_uv.samples.batch import Batch
from garment_uv.samples.codec import SampleFormat, StoredSample
from garment_uv.uv.codec import decode_u16_into


class BatchDecoder:
    """Fills one batch of B samples, one sample at a time, so that a sample's bytes can be let go of.

    In a loader's process the tensors lie in shared memory from the start, where torch would have to copy them else.
    """

    def __init__(self, count: int, form: SampleFormat) -> None:
        size, vertices, image = form.map_size, form.num_vertices, form.image_size
        self._form = form
        self._keys: list[str] = []
        self._topology: list[str] = []
        self._pictures = np.empty((count, image, image, 3), np.uint8)
        self._image = _empty((count, 3, image, image), torch.float32)
        self._body_uv = _empty((count, 3, size, size), torch.float32)
        self._displacement = _empty((count, 3, size, size), torch.float32)
        self._segments = _empty((count, size, size), torch.int64)
        self._vertex_classes = _empty((count, vertices), torch.int64)
        self._body_vertices = _empty((count, vertices, 3), torch.float32)
        self._camera = _empty((count, 3), torch.float32)

    def add(self, key: str, stored: StoredSample) -> None:
        """Decodes the next sample."""
        at, form = len(self._keys), self._form
        self._keys.append(key)
        self._topology.append(stored.topology)
        self._pictures[at] = stored.image
        decode_u16_into(self._body_uv[at].numpy(), stored.body_uv, form.body_limit_m)
        decode_u16_into(self._displacement[at].numpy(), stored.displacement, form.displacement_limit_m)
        decode_u16_into(self._body_vertices[at].numpy(), stored.body_vertices, form.body_limit_m)
        self._segments[at].numpy()[:] = stored.segments
        self._vertex_classes[at].numpy()[:] = stored.vertex_classes
        self._camera[at].numpy()[:] = stored.body.camera

    def batch(self) -> Batch:
        """The batch, all its samples added."""
        self._image.copy_(torch.from_numpy(self._pictures).permute(0, 3, 1, 2)).div_(127.5).sub_(1.0)
        return Batch(
            keys=self._keys,
            image=self._image,
            body_uv=self._body_uv,
            displacement_uv=self._displacement,
            segments=self._segments,
            vertex_classes=self._vertex_classes,
            body_vertices=self._body_vertices,
            topology=self._topology,
            camera=self._camera,
        )


def _empty(shape: Sequence[int], dtype: torch.dtype) -> torch.Tensor:
    empty = torch.empty(0, dtype=dtype)
    if torch.utils.data.get_worker_info() is None:
        return empty.new_empty(shape)
    size = int(np.prod(shape))
    storage = empty._typed_storage()._new_shared(size, device="cpu")  # as torch's own collate does
    return empty.new(storage).resize_(*shape)
