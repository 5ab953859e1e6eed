"""Stored samples decoded straight into a batch: the numbers of `collate` of `decode_sample`, without the copies."""

import torch

from garment_uv.samples.codec import SampleFormat, StoredSample
from garment_uv.samples.packed_batch import PackedBatch, empty_block, views
from garment_uv.uv.codec import decode_u16_into


class BatchDecoder:
    """Fills one batch of B samples, one sample at a time, so that a sample's bytes can be let go of.

    In a loader's process the tensors lie in shared memory from the start, where torch would have to copy them else.
    """

    def __init__(self, count: int, form: SampleFormat) -> None:
        self._form = form
        self._keys: list[str] = []
        self._topology: list[str] = []
        self._block = empty_block(count, form)
        self._tensors = views(self._block, count, form)

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
