"""Where a full skirt begins to hang: in even folds around the body, since cloth that falls in a heap crosses itself."""

import numpy as np

from garment_uv.datasets.open.tailor import Pattern

DEEPEST = 0.03
"""Metres that folds go out and in about their middle, at most where there are columns enough."""
COLUMNS = 8
"""Of a tube, least to a fold."""
FEWEST = 6
"""Folds around."""
CLEAR = 0.012
"""Metres between the surface under a skirt and the inside of its folds."""


def folded(pattern: Pattern, rest: np.ndarray, under: np.ndarray) -> np.ndarray:
    """`rest` [N, 3] with its tube drawn in to the surface under it, `under` [N, 3], and laid in folds: float64 [N, 3].

    Rows keep their length around, and columns theirs down.
    """
    end, columns = len(rest) - len(pattern.twins), len(pattern.loop)
    start = int(pattern.tube.argmax())
    rows, ring = (x[start:end].reshape(-1, columns, 3) for x in (rest, under))
    middle = np.append(ring[0, :, :2].mean(axis=0), 0.0)
    flat = (ring - middle) * [1.0, 1.0, 0.0]
    out = flat / (np.linalg.norm(flat, axis=2, keepdims=True) + 1e-9)
    ring = ring + CLEAR * out
    around, least = _around(rows), _around(ring)
    spare = np.sqrt(np.maximum((around / least) ** 2 - 1.0, 0.0)) * least / 4.0
    folds = int(np.clip(np.ceil(spare.max() / DEEPEST), FEWEST, columns // COLUMNS))
    wave = 1.0 + np.cos(2 * np.pi * folds * np.arange(columns) / columns)
    placed = ring + out * (spare / folds)[:, None, None] * wave[:, None]
    above = np.concatenate([rest[pattern.loop][None], rows])
    placed[:, :, 2] = above[0, :, 2] - np.linalg.norm(np.diff(above, axis=0), axis=2).cumsum(axis=0)
    result = rest.copy()
    result[start:end] = placed.reshape(-1, 3)
    result[end:] = result[pattern.twins]
    return result


def _around(rows: np.ndarray) -> np.ndarray:
    """Length of each closed row of [R, C, 3], metres, float64 [R]."""
    return np.linalg.norm(np.roll(rows, -1, axis=1) - rows, axis=2).sum(axis=1)
