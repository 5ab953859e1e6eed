"""The part of a skirt that hangs free: rows of vertices below the hips, with hem, slits and pleats. Ours."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from garment_uv.datasets.open._fit import SKIRT_JOIN, ramp
from garment_uv.datasets.open._skirt import SkirtSurface
from garment_uv.datasets.open.outfits import GarmentCut

ROW, WIDE_ROW = 0.0145, 0.02
"""Most metres between two rows, and where there are more columns than border vertices."""
WIDEST, MOST_FINER = 0.026, 3
"""Most metres between two columns at the hem, since cloth of wider ones would pass through itself; columns an edge."""
_EDGES, _HIPS = 72, 0.16
"""Of the border at the hips: its vertices, and its radius, metres."""
GAPE = 0.4
"""How far a slit's edges stand off at the hem, each by the distance of two columns."""
PLEATS_OVER = 0.08
"""Metres below the border over which pleats open."""


@dataclass(frozen=True)
class Tube:
    """What is added to a mesh whose border is `loop`; its vertices come after those of the mesh."""

    weights: sp.csr_matrix
    """[R * C + D, width] of the vertices row by row, then of the slits' second edges."""
    faces: np.ndarray
    """int32 [F, 4]."""
    loop: np.ndarray
    """int64 [C] the border's vertex above each column, counter-clockwise seen from above."""
    twins: np.ndarray
    """int64 [D] the vertex of the slit's first edge to each of the second."""


def make_tube(
    surface: SkirtSurface, mesh: tuple[sp.csr_matrix, np.ndarray], points: np.ndarray, cut: GarmentCut, least: int
) -> Tube:
    """The tube of `cut` below the border at the hips of `mesh`, weights and faces, at `points` [N, 3].

    Rows are so many that the mesh comes to `least` vertices; wide skirts have more columns than the border.
    """
    weights, faces = mesh
    border = border_loop(faces, points, SKIRT_JOIN)
    length, finer = SKIRT_JOIN - cut.bottom, columns_per_edge(cut)
    between = _between(border, finer, len(points))
    places, loop = between @ points, np.repeat(border, finer)
    height = ROW if finer == 1 else WIDE_ROW
    rows = max(int(np.ceil(length / height)), int(np.ceil((least - len(points)) / len(loop))) + 1)
    depths = np.linspace(0, length, rows + 1)[1:]
    if cut.tilt or cut.dip:
        low, high = places.min(axis=0), places.max(axis=0)
        across, behind, _ = ((2 * places - low - high) / np.maximum(high - low, 1e-6)).T
        depths = depths[:, None] * (1.0 - hem_rise(cut, across, behind) / length)
    added = surface.rows(weights[border] if finer == 1 else between @ weights, places, depths)
    count = len(points)
    grid = np.concatenate([loop[None], count + np.arange(rows * len(loop)).reshape(rows, -1)])
    right = np.roll(grid, -1, axis=1)
    twins: list[int] = []
    for column, first in slit_ends(cut, places, depths):
        edge = grid[first:, column]
        ahead, back = grid[first:, (column + 1) % len(loop)], grid[first:, column - 1]
        right[first:, column - 1] = count + rows * len(loop) + len(twins) + np.arange(len(edge))
        added = _parted(added, edge - count, ahead - count, back - count)
        twins += edge.tolist()
    quads = np.stack([grid[1:], right[1:], right[:-1], grid[:-1]], axis=-1)
    parts = quads.reshape(-1, 4)
    if finer > 1:
        parts = np.concatenate([_first_row(border, grid[1], finer), quads[1:].reshape(-1, 4)])
    return Tube(added, parts.astype(np.int32), loop, np.array(twins, dtype=np.int64))


def columns_per_edge(cut: GarmentCut) -> int:
    """Columns of a tube to each edge of its border: so many that they are no wider than `WIDEST` at the hem."""
    if cut.fullness is None:
        return 1
    radius = _HIPS + cut.flare * (SKIRT_JOIN - cut.bottom) / 0.8
    around = 2 * np.pi * radius * (1.0 + cut.fullness) * (1.0 + cut.pleat_width)
    asked = int(np.ceil(around / (_EDGES * WIDEST)))
    return min(max(asked, 2 if cut.pleats else 1), MOST_FINER)


def _between(border: np.ndarray, finer: int, count: int) -> sp.csr_matrix:
    """Weights [C * finer, count] that put `finer` columns on each edge of the border."""
    place = np.arange(len(border) * finer)
    share = (place % finer) / finer
    ends = np.concatenate([border[place // finer], np.roll(border, -1)[place // finer]])
    values = np.concatenate([1.0 - share, share])
    return sp.csr_matrix((values, (np.tile(place, 2), ends)), shape=(len(place), count))


def _first_row(border: np.ndarray, row: np.ndarray, finer: int) -> np.ndarray:
    """Triangles, as quads that repeat their last vertex, from the border [C] to the first row [C * finer]."""
    faces = []
    for index, (one, other) in enumerate(zip(border, np.roll(border, -1), strict=True)):
        below = row[(np.arange(finer + 1) + index * finer) % len(row)]
        for step in range(finer):
            upper = one if step < finer // 2 else other
            faces.append([below[step], below[step + 1], upper, upper])
        faces.append([below[finer // 2], other, one, one])
    return np.array(faces)


def hem_rise(cut: GarmentCut, across: np.ndarray, behind: np.ndarray) -> np.ndarray:
    """Metres by which the hem is higher than `cut.bottom`, from -1 at the right to 1 at the left, and front to back."""
    return 0.5 * cut.tilt * across - 0.5 * cut.dip * behind


def slit_ends(cut: GarmentCut, border: np.ndarray, depths: np.ndarray) -> list[tuple[int, int]]:
    """Column of each slit among the border's places [C, 3], and the first row, counted from 1, that it parts."""
    middle = (border.min(axis=0) + border.max(axis=0)) / 2
    angles = np.arctan2(*(border - middle)[:, 1::-1].T)
    ends = []
    for angle, height in cut.slits:
        column = int(np.cos(angles - angle).argmax())
        deep = depths if depths.ndim == 1 else depths[:, column]
        ends.append((column, int(np.searchsorted(deep, SKIRT_JOIN - height)) + 2))
    return ends


def pleat_offsets(cut: GarmentCut, rows: np.ndarray) -> np.ndarray:
    """How far pleats push vertices of a tube, whose `rows` are at [R, C, 3], out or in: metres, float64 [R, C].

    A zigzag around, whose sides make a row longer by `cut.pleat_width` of it once it has opened.
    """
    around = np.linalg.norm(np.roll(rows, -1, axis=1) - rows, axis=2).sum(axis=1)
    height = around / cut.pleats / 4 * np.sqrt((1 + cut.pleat_width) ** 2 - 1)
    phase = (np.arange(rows.shape[1]) * cut.pleats / rows.shape[1] + 0.5) % 1.0
    zigzag = 1.0 - 4.0 * np.abs(phase - 0.5)
    depth = np.arange(1, len(rows) + 1) / len(rows) * (SKIRT_JOIN - cut.bottom)
    return (height * ramp(depth, 0.0, PLEATS_OVER))[:, None] * zigzag


def _parted(rows: sp.csr_matrix, edge: np.ndarray, ahead: np.ndarray, behind: np.ndarray) -> sp.csr_matrix:
    """`rows` with a slit's edge moved towards the column ahead, and its second edge, towards that behind, added."""
    gape = sp.diags(GAPE * np.arange(1, len(edge) + 1) / len(edge))
    step = gape @ (rows[ahead] - rows[edge])
    place = sp.csr_matrix((np.ones(len(edge)), (edge, np.arange(len(edge)))), shape=(rows.shape[0], len(edge)))
    return sp.vstack([rows + place @ step, rows[edge] + gape @ (rows[behind] - rows[edge])]).tocsr()


def border_loop(faces: np.ndarray, points: np.ndarray, height: float) -> np.ndarray:
    """Vertices of the border at `height` in the order that puts the garment above it, counter-clockwise from above."""
    directed = np.concatenate([faces[:, [i, (i + 1) % 4]] for i in range(4)])
    directed = directed[directed[:, 0] != directed[:, 1]]
    present = {(int(a), int(b)) for a, b in directed}
    after = {
        a: b for a, b in present if (b, a) not in present and abs(points[a, 2] - height) < 1e-6
        and abs(points[b, 2] - height) < 1e-6
    }  # fmt: skip
    start = min(after)
    loop = [start]
    while after[loop[-1]] != start:
        loop.append(after[loop[-1]])
    return np.array(loop, dtype=np.int64)
