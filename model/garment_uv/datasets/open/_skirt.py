"""The skirt layer as a smooth surface that can be sampled at any angle and height."""

import numpy as np
import scipy.sparse as sp

_FADE = 0.14
"""Metres over which the tube goes from the tights' border to the skirt's own surface."""


class SkirtSurface:
    """Catmull-Rom spline surface over the skirt layer's rows and columns; answers are weights on helper vertices."""

    def __init__(self, quads: np.ndarray, points: np.ndarray, offset: int, width: int) -> None:
        """`points` [N, 3] of the mean subject; the layer's vertices are columns offset... of the weights' `width`."""
        self._grid = _grid(quads, points) + offset
        self._heights = points[self._grid - offset][:, :, 2]
        self._flat = points[self._grid - offset]
        self._width = width

    def rows(self, border: sp.csr_matrix, points: np.ndarray, depths: np.ndarray) -> sp.csr_matrix:
        """Weights of rows of vertices `depths` [R] or [R, C] metres below a border of C vertices: [R * C, width].

        `border` [C, width] and `points` [C, 3] are the border's weights and places.
        """
        join = float(points[:, 2].mean())
        columns = self._columns(points, join)
        anchor = self._sample(columns, join)
        even = self._even(columns)
        parts = []
        for depth in depths.tolist() if depths.ndim == 1 else depths:
            share = np.minimum(depth / _FADE, 1.0)
            here = self._sample((columns + share * (even - columns)) % self._grid.shape[1], join - depth)
            fade = 1.0 - share * share * (3 - 2 * share)
            step = border - anchor
            parts.append(here + (sp.diags(fade) @ step if np.ndim(fade) else fade * step))
        return sp.vstack(parts).tocsr()

    def _columns(self, points: np.ndarray, height: float) -> np.ndarray:
        """Column coordinate of each border point, by its angle around the skirt's axis."""
        count = self._grid.shape[1]
        ring = np.stack([self._at(c, height) for c in range(count)])
        middle = ring[:, :2].mean(axis=0)
        own = np.unwrap(np.arctan2(*(ring[:, :2] - middle).T[::-1]))
        asked = np.arctan2(*(points[:, :2] - middle).T[::-1])
        direction = np.sign(own[-1] - own[0])
        turns = np.concatenate([own, [own[0] + direction * 2 * np.pi]]) * direction
        asked = turns[0] + np.mod(asked * direction - turns[0], 2 * np.pi)
        return np.interp(asked, np.maximum.accumulate(turns), np.arange(count + 1)) % count

    def _even(self, columns: np.ndarray) -> np.ndarray:
        """Evenly spaced column coordinates in the order of `columns`, as near to them as can be (not wrapped)."""
        count = self._grid.shape[1]
        steps = (np.diff(columns, append=columns[0]) + count / 2) % count - count / 2
        spaced = np.arange(len(columns)) * np.sign(steps.sum()) * count / len(columns)
        offset = (columns - spaced + count / 2) % count - count / 2
        return columns + (spaced + np.median(offset) - columns + count / 2) % count - count / 2

    def _at(self, column: int, height: float) -> np.ndarray:
        row = np.interp(-height, -self._heights[:, column], np.arange(len(self._heights)))
        low = min(int(row), len(self._heights) - 2)
        return self._flat[low, column] + (row - low) * (self._flat[low + 1, column] - self._flat[low, column])

    def _sample(self, columns: np.ndarray, height: float | np.ndarray) -> sp.csr_matrix:
        """Weights [C, width] of the surface at column coordinates [C] and at one height or [C], metres."""
        rows, count = self._grid.shape
        base = np.floor(columns).astype(int)
        along = _catmull_rom(columns - base)
        heights = np.broadcast_to(np.asarray(height, dtype=np.float64), columns.shape)
        places = np.arange(len(columns))
        row_at = np.array([np.interp(-heights, -self._heights[:, c], np.arange(rows)) for c in range(count)])
        index, value, owner = [], [], []
        for tap in range(4):
            column = (base + tap - 1) % count
            row = row_at[column, places]
            # Below the layer's last row the surface goes on straight.
            beyond = np.maximum(self._heights[-1, column] - height, 0.0)
            step = np.maximum(self._heights[-2, column] - self._heights[-1, column], 1e-4)
            low = np.minimum(row.astype(int), rows - 2)
            down = _catmull_rom(row - low)
            for tap_row in range(4):
                index.append(self._grid[np.clip(low + tap_row - 1, 0, rows - 1), column])
                value.append(along[:, tap] * down[:, tap_row])
                owner.append(np.arange(len(columns)))
            for side, sign in ((-1, 1.0), (-2, -1.0)):
                index.append(self._grid[side, column])
                value.append(along[:, tap] * sign * beyond / step)
                owner.append(np.arange(len(columns)))
        return sp.csr_matrix(
            (np.concatenate(value), (np.concatenate(owner), np.concatenate(index))), shape=(len(columns), self._width)
        )


def _catmull_rom(t: np.ndarray) -> np.ndarray:
    """Weights [N, 4] of the four points around a share `t` [N] between the middle two."""
    return 0.5 * np.stack(
        [-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, -(t**2) + t**3], axis=1
    )


def _grid(quads: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Vertex indices [rows, columns] of a tube of quads, from its upper border down."""
    directed = {}
    for quad in quads.tolist():
        for i in range(4):
            directed[(quad[i], quad[(i + 1) % 4])] = quad
    border = {a: b for a, b in directed if (b, a) not in directed}
    start = max(border, key=lambda v: points[v, 2])
    ring = [start]
    while border[ring[-1]] != start:
        ring.append(border[ring[-1]])
    rows = [ring]
    while True:
        below = []
        for one, other in zip(ring, ring[1:] + ring[:1], strict=True):
            quad = directed.get((one, other))
            if quad is None:
                break
            below.append(quad[(quad.index(one) - 1) % 4])
        if len(below) < len(ring):
            return np.array(rows)
        # Walk on to the next row: the same direction, whose quads lie on the other side.
        rows.append(below)
        ring = below
