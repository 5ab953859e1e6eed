"""What cloth of each fabric is like from near: a grain that a texture is multiplied by. Ours.

A picture's pixel is about 5 mm of a subject: grain of that size and more is seen as such, finer as unrest.
"""

from collections.abc import Callable

import numpy as np

Weave = Callable[[np.ndarray, np.ndarray, float, np.random.Generator], np.ndarray]
"""From texture coordinates u, v [S, S] in 0..1 of a tile, its size in metres and a random stream to [S, S] about 1."""


def weave(fabric: str, size: int, metres: float, rng: np.random.Generator) -> np.ndarray:
    """Grain of `fabric` (a key of `WEAVES`) on a tile of `size` px that spans `metres` and repeats: float64 [S, S]."""
    step = (np.arange(size) + 0.5) / size
    u, v = np.meshgrid(step, step)
    return WEAVES[fabric](u, v, metres, rng)


def _count(metres: float, period: float) -> int:
    """Whole periods on a tile."""
    return max(1, round(metres / period))


def _mottled(u: np.ndarray, v: np.ndarray, coarse: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Smooth noise about 0 that repeats, of spread 1: `coarse` cells across and down."""
    cells = rng.normal(size=coarse[::-1])
    x, y = u * coarse[0] - 0.5, v * coarse[1] - 0.5
    left, low = np.floor(x).astype(int), np.floor(y).astype(int)
    a, b = x - left, y - low
    a, b = a * a * (3 - 2 * a), b * b * (3 - 2 * b)

    def cell(dx: int, dy: int) -> np.ndarray:
        return cells[(low + dy) % coarse[1], (left + dx) % coarse[0]]

    return (1 - b) * ((1 - a) * cell(0, 0) + a * cell(1, 0)) + b * ((1 - a) * cell(0, 1) + a * cell(1, 1))


def _cotton(u, v, metres, rng):
    fine = _count(metres, 0.004)
    return 1 + 0.025 * _mottled(u, v, (fine, fine), rng)


def _denim(u, v, metres, rng):
    """Slanted ribs, threads of uneven colour, and worn patches."""
    ribs = np.sin(2 * np.pi * _count(metres, rng.uniform(0.007, 0.010)) * (u + v))
    threads, patch = _count(metres, 0.005), _count(metres, 0.05)
    return 1 + 0.06 * ribs + 0.05 * _mottled(u, v, (threads, 2), rng) + 0.06 * _mottled(u, v, (patch, patch), rng)


def _leather(u, v, metres, rng):
    """Grains between creases."""
    fine, broad = _count(metres, 0.007), _count(metres, 0.03)
    creases = np.abs(_mottled(u, v, (fine, fine), rng)) + 0.5 * np.abs(_mottled(u, v, (broad, broad), rng))
    return 0.88 + 0.14 * np.minimum(creases, 1.2)


def _silk(u, v, metres, rng):
    broad = _count(metres, 0.06)
    return 1 + 0.015 * _mottled(u, v, (broad, broad), rng)


def _knit(u, v, metres, rng):
    """Columns of stitches, each a row of arrowheads."""
    columns = _count(metres, rng.uniform(0.009, 0.018))
    place = (u * columns) % 1.0
    rows = _count(metres, 0.007)
    stitch = np.sin(2 * np.pi * (v * rows + np.abs(place - 0.5)))
    return 0.92 + 0.16 * np.abs(np.sin(np.pi * place)) ** 0.7 + 0.05 * stitch - 0.06


def _linen(u, v, metres, rng):
    """Threads of uneven thickness both ways."""
    fine = _count(metres, 0.004)
    across, down = (_mottled(u, v, shape, rng) for shape in ((2, fine), (fine, 2)))
    return 1 + 0.05 * across + 0.05 * down


def _wool(u, v, metres, rng):
    """Herringbone with specks."""
    bands = _count(metres, rng.uniform(0.02, 0.04))
    slant = np.abs((u * bands) % 1.0 - 0.5) * 2
    lines = np.sin(2 * np.pi * (_count(metres, 0.012) * v + slant))
    fine = _count(metres, 0.004)
    return 1 + 0.07 * lines + 0.07 * _mottled(u, v, (fine, fine), rng)


def _velvet(u, v, metres, rng):
    broad = _count(metres, 0.04)
    return 0.97 + 0.035 * _mottled(u, v, (broad, broad), rng)


WEAVES: dict[str, Weave] = {
    "cotton": _cotton,
    "denim": _denim,
    "leather": _leather,
    "silk": _silk,
    "knit": _knit,
    "linen": _linen,
    "wool": _wool,
    "velvet": _velvet,
}
"""By the names of `outfits.FABRICS`."""
