"""Displacement maps of one sequence, and how far the vertices are that an exact fill does not give back."""

import numpy as np

from garment_uv.samples.manifest import FillError
from garment_uv.uv.atlas import Atlas
from garment_uv.uv.fill import fill
from garment_uv.uv.readback import readback

TOLD = 32
"""Vertices of a sequence that its entry names, at most."""


class MapFiller:
    """Fills maps by one method, and keeps count of what exact ones do not give back."""

    def __init__(self, atlas: Atlas, method: str) -> None:
        self._atlas, self._method = atlas, method
        self._worst_mm = 0.0
        self._off_mm: dict[int, float] = {}

    def fill(self, displacement: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """The map float32 [3, U, U] of a displacement [V, 3], metres, inside `mask` [V]."""
        texels = fill(self._atlas, displacement, mask, self._method)
        if self._method == "exact":
            found = readback(self._atlas, displacement, mask, texels)
            self._worst_mm = max(self._worst_mm, 1000 * found.worst_m)
            for vertex, error in zip(found.vertices.tolist(), found.errors_m.tolist(), strict=True):
                self._off_mm[vertex] = max(self._off_mm.get(vertex, 0.0), 1000 * error)
        return texels

    def error(self) -> FillError | None:
        """Of all maps so far; None for a method that is not meant to be exact."""
        if self._method != "exact":
            return None
        worst = sorted(self._off_mm, key=lambda vertex: (-self._off_mm[vertex], vertex))
        return FillError(worst_mm=round(self._worst_mm, 4), off=len(worst), vertices=tuple(worst[:TOLD]))
