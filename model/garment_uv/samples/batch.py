"""A batch of samples as torch tensors."""

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import torch

from garment_uv.samples.batch_plan import Portion
from garment_uv.samples.sample import Sample


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
    displacement_vertices: torch.Tensor | None = None
    """float32 [B, V, 3] true displacements where the maps were refilled, so that reading them does not give these."""
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
        moved: dict[str, Any] = {
            item.name: value.to(device, non_blocking=non_blocking)
            for item in fields(self)
            if isinstance(value := getattr(self, item.name), torch.Tensor)
        }
        return replace(self, **moved)

    def pin_memory(self) -> "Batch":
        """The same batch in page-locked memory, for copies to a GPU."""
        pinned: dict[str, Any] = {
            item.name: value.pin_memory()
            for item in fields(self)
            if isinstance(value := getattr(self, item.name), torch.Tensor)
        }
        return replace(self, **pinned)


def collate(samples: list[Sample]) -> Batch:
    """Stacks samples of one dataset; B >= 1."""

    def stack(name: str, dtype: type) -> torch.Tensor:
        return torch.from_numpy(np.stack([getattr(sample, name) for sample in samples]).astype(dtype, copy=False))

    image = stack("image", np.uint8).permute(0, 3, 1, 2).contiguous().float().div_(127.5).sub_(1.0)
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
        displacement_vertices=stack("displacement_vertices", np.float32) if refilled else None,
    )
