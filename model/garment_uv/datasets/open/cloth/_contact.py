"""What cloth meets: surfaces under it, and cloth of the same subject."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import warp as wp

from garment_uv.datasets.open._mesh import split_quads
from garment_uv.datasets.open.cloth import _arrays, _kernels
from garment_uv.datasets.open.cloth.sheets import Sheet
from garment_uv.datasets.open.cloth.surface import Part, Surface

BODY_STEEP = 0.0
OPEN_STEEP = 0.75
"""Least cosine at which a body, which is closed, and a garment, which has borders, push (`resolve_contacts`)."""
CELL = 3.0
"""Width of the grid's cells by `thickness`: a vertex then asks few of them."""


class Touch:
    """Contact of some vertices with a surface."""

    def __init__(self, surface: Surface, find: wp.Launch, resolve: wp.Launch, follow: wp.Launch | None = None) -> None:
        self._surface, self._find, self._resolve, self._follow = surface, find, resolve, follow

    def launch(self, look: bool) -> None:
        """Resolve what touches, after a `look` for it."""
        if self._follow is not None:
            self._follow.launch()
        if look:
            self._surface.refit()
            self._find.launch()
        self._resolve.launch()


class Apart:
    """Cloth of one subject keeps its thickness apart; each subject has a grid of its own."""

    def __init__(self, sheets: Sequence[Sheet], particles: Any, thickness: float, device: Any) -> None:
        first, subjects = _arrays.firsts(sheets), [sheet.subject for sheet in sheets]
        starts = [int(first[subjects.index(subject)]) for subject in range(max(subjects) + 1)]
        self._parts = [slice(*ends) for ends in zip(starts, [*starts[1:], int(first[-1])], strict=True)]
        self._grids = [wp.HashGrid(64, 64, 64, device=device) for _ in starts]
        self._particles, self._width = particles, CELL * thickness
        self._spare = [wp.empty_like(particles.at) for _ in range(2)]
        grids = _kernels.Grids()
        grids.ids = wp.array([grid.id for grid in self._grids], dtype=wp.uint64, device=device)
        grids.first = _arrays.array(np.array(starts), wp.int32, device)
        grids.rest = _arrays.array(np.concatenate([sheet.rest for sheet in sheets]), wp.vec3, device)
        inputs = [particles, grids, thickness, *self._spare]
        self._launch = wp.launch(_kernels.keep_apart, dim=int(first[-1]), device=device, inputs=inputs, record_cmd=True)

    def launch(self) -> None:
        """One sweep."""
        for grid, part in zip(self._grids, self._parts, strict=True):
            grid.build(self._particles.at[part], self._width)
        self._launch.launch()
        for target, spare in zip((self._particles.at, self._particles.before), self._spare, strict=True):
            wp.copy(target, spare)


def layered(sheets: Sequence[Sheet]) -> tuple[np.ndarray, list[Part | None], np.ndarray, np.ndarray]:
    """What is worn under other garments, and what is worn over it.

    Vertices of all sheets [U] that are under something; by subject their rest and triangles; vertices [C] that are over
    something, and from how far each sees, metres.
    """
    first = _arrays.firsts(sheets)
    over = [index for index, sheet in enumerate(sheets) if sheet.over is not None]
    under = sorted({sheet.over for sheet in sheets if sheet.over is not None})
    parts: list[Part | None] = []
    for subject in range(max(sheet.subject for sheet in sheets) + 1):
        own = [sheets[k] for k in under if sheets[k].subject == subject]
        shifts = _arrays.firsts(own)[:-1]
        faces = [split_quads(sheet.faces) + shift for sheet, shift in zip(own, shifts, strict=True)]
        parts.append((np.concatenate([sheet.rest for sheet in own]), np.concatenate(faces)) if own else None)
    source, vertex = (_ranges([(first[k], first[k + 1]) for k in which]) for which in (under, over))
    nearby = np.concatenate([np.full(len(sheets[k].rest), sheets[k].nearby) for k in over] or [np.zeros(0)])
    return source, parts, vertex, nearby


def _ranges(ends: Sequence[tuple[int, int]]) -> np.ndarray:
    return np.concatenate([np.arange(*pair) for pair in ends] or [np.zeros(0, dtype=int)])
