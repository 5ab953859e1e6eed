"""Printed fabrics: small tiles that repeat, and where each face of a garment takes its piece of them. Ours."""

from collections.abc import Callable

import numpy as np

TILE = 128
"""Side of a tile, px."""


def draw_print(kind: str, colours: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A tile of the pattern `kind` (a key of `PRINTS`) in `colours` [3, 3] sRGB 0..1: uint8 [TILE, TILE, 3]."""
    if kind not in PRINTS:
        raise ValueError(f"no pattern {kind!r}; there are {', '.join(PRINTS)}")
    step = (np.arange(TILE) + 0.5) / TILE
    u, v = np.meshgrid(step, step)
    tile = PRINTS[kind](u, v, np.asarray(colours, dtype=np.float64), rng)
    return np.rint(np.clip(tile, 0, 1) * 255).astype(np.uint8)


def texture_corners(rest: np.ndarray, faces: np.ndarray, metres: float) -> tuple[np.ndarray, np.ndarray]:
    """Texture coordinates of a garment, cut where its surface turns from front to side: uvs [M, 2], face_uvs [F, 4].

    `rest` [N, 3] metres and `faces` [F, 4]; a tile spans `metres` on the surface seen square on.
    """
    one, two = rest[faces[:, 2]] - rest[faces[:, 0]], rest[faces[:, 3]] - rest[faces[:, 1]]
    normal = np.abs(np.cross(one, two))
    normal[:, 1] *= 1.3
    side = normal.argmax(axis=1)
    planes = np.array([[1, 2], [0, 2], [0, 1]])
    codes, face_uvs = np.unique(faces * 3 + side[:, None], return_inverse=True)
    uvs = np.take_along_axis(rest[codes // 3], planes[codes % 3], axis=1) / metres
    return uvs, face_uvs.reshape(faces.shape).astype(np.int32)


def _mix(share: np.ndarray, below: np.ndarray, above: np.ndarray) -> np.ndarray:
    return below + share[..., None] * (above - below)


def _stripes(u, v, colours, rng):
    width = rng.uniform(0.2, 0.6)
    share = ((v + (rng.integers(0, 2) * u)) % 1.0 < width).astype(float)
    thin = ((v + 0.5 * width) % 1.0 < 0.06).astype(float)
    return _mix(thin, _mix(share, colours[0], colours[1]), colours[2])


def _bars(u, v, colours, rng):
    return _mix((u % 1.0 < rng.uniform(0.15, 0.5)).astype(float), colours[0], colours[1])


def _checks(u, v, colours, rng):
    return _mix(((u < 0.5) ^ (v < 0.5)).astype(float), colours[0], colours[1])


def _plaid(u, v, colours, rng):
    width = rng.uniform(0.25, 0.5)
    base = _mix(0.5 * (u < width) + 0.5 * (v < width), colours[0], colours[1])
    line = (np.abs(u - 0.75) < 0.03) | (np.abs(v - 0.75) < 0.03)
    return _mix(line.astype(float), base, colours[2])


def _dots(u, v, colours, rng):
    radius = rng.uniform(0.12, 0.2)
    first = np.hypot(u - 0.25, v - 0.25) < radius
    second = np.hypot(u - 0.75, v - 0.75) < radius
    return _mix(second.astype(float), _mix(first.astype(float), colours[0], colours[1]), colours[2])


def _patches(u, v, colours, rng):
    """Cells around random points, as tiles of glass."""
    seeds = rng.uniform(size=(7, 2))
    gap = np.stack([u, v], axis=-1)[..., None, :] - seeds
    gap = np.abs(gap - np.rint(gap))
    distance = np.sort(np.linalg.norm(gap, axis=-1), axis=-1)
    owner = np.linalg.norm(gap, axis=-1).argmin(axis=-1)
    shades = colours[owner % 3] * (0.7 + 0.1 * (owner // 3))[..., None]
    return _mix((distance[..., 1] - distance[..., 0] < 0.03).astype(float), shades, np.full(3, 0.05))


PRINTS: dict[str, Callable] = {
    "stripes": _stripes,
    "bars": _bars,
    "checks": _checks,
    "plaid": _plaid,
    "dots": _dots,
    "patches": _patches,
}
"""Kinds of print."""
