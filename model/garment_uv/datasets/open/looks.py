"""How garments look with variety="full": each fabric has colours, a grain, a shine and a share of prints of its own."""

import colorsys
from dataclasses import dataclass, replace

import numpy as np

from garment_uv.datasets.open.appearance import PRINTS, Appearance, Look, draw_appearance, draw_print
from garment_uv.datasets.open.weaves import weave

TILE = 256
"""Side of a tile, px."""
GRAIN_METRES = 0.3
"""What a tile spans where nothing is printed, metres."""
TRIMMED = 0.35
"""Share of garments whose hems are of a darker cloth."""


@dataclass(frozen=True)
class Finish:
    """What cloth of a fabric looks like."""

    hues: tuple[tuple[float, float], ...]
    """Ranges of hue, 0 to 1, of which one is drawn; empty: the hue that the outfit gives it."""
    saturation: tuple[float, float]
    value: tuple[float, float]
    gloss: tuple[float, float]
    """Strength of the highlight."""
    shine: float
    """Exponent of the highlight: the higher, the smaller it is."""
    printed: float
    """Share with a print."""
    sheen: float = 0.0
    """Light along the rim, where the surface turns away."""
    greys: float = 0.1
    """Share without colour."""


FINISHES: dict[str, Finish] = {
    "cotton": Finish((), (0.3, 0.9), (0.4, 0.97), (0.01, 0.04), 24.0, 0.5, greys=0.2),
    "denim": Finish(((0.56, 0.64),), (0.25, 0.75), (0.18, 0.75), (0.0, 0.02), 16.0, 0.0, greys=0.25),
    "leather": Finish(((0.0, 0.09),), (0.3, 0.85), (0.08, 0.5), (0.18, 0.4), 48.0, 0.0, greys=0.45),
    "silk": Finish((), (0.35, 0.95), (0.45, 0.95), (0.15, 0.32), 14.0, 0.4, sheen=0.1),
    "knit": Finish((), (0.15, 0.75), (0.3, 0.9), (0.0, 0.01), 8.0, 0.3, sheen=0.06, greys=0.25),
    "linen": Finish(((0.08, 0.14), (0.5, 0.62), (0.25, 0.4)), (0.05, 0.35), (0.6, 0.97), (0.0, 0.02), 16.0, 0.15),
    "wool": Finish((), (0.05, 0.45), (0.12, 0.6), (0.0, 0.01), 8.0, 0.2, sheen=0.05, greys=0.35),
    "velvet": Finish((), (0.6, 0.95), (0.2, 0.6), (0.02, 0.06), 10.0, 0.0, sheen=0.45),
}
"""By the names of `outfits.FABRICS`."""


def draw_wide_appearance(fabrics: dict[str, str], rng: np.random.Generator) -> Appearance:
    """A random look for garments of these fabrics, by garment; the camera is as with "basic" and yet to be placed."""
    base = draw_appearance(tuple(fabrics), fabrics, rng)
    hue = float(rng.uniform())
    looks = {}
    for name, fabric in fabrics.items():
        looks[name] = _look(hue, fabric, rng)
        hue += float(rng.uniform(0.2, 0.8))
    return replace(base, looks=looks, ambient=float(rng.uniform(0.18, 0.42)))


def _look(hue: float, fabric: str, rng: np.random.Generator) -> Look:
    finish = FINISHES[fabric]
    colour, printed, metres = _colour(hue, finish, rng), rng.uniform() < finish.printed, GRAIN_METRES
    tile, kind = np.broadcast_to(np.array(colour), (TILE, TILE, 3)), f"{fabric}_weave"
    if printed:
        kind = str(rng.choice(list(PRINTS)))
        colours = np.array(
            [colour, _colour(hue + rng.uniform(0.08, 0.5), finish, rng), _colour(rng.uniform(), finish, rng)]
        )
        if rng.uniform() < 0.4:
            colours[1] = rng.uniform(0.85, 0.97)
        metres = float(rng.uniform(0.05, 0.22) if kind != "patches" else rng.uniform(0.3, 0.6))
        tile = draw_print(kind, colours, rng).repeat(2, axis=0).repeat(2, axis=1) / 255.0
    grain = weave(fabric, TILE, metres, rng)[..., None]
    pixels = np.rint(np.clip(tile * grain, 0.0, 1.0) * 255).astype(np.uint8)
    hem = float(rng.uniform(0.35, 0.8)) if rng.uniform() < TRIMMED else float(rng.uniform(0.85, 0.95))
    return Look(
        colour, kind, pixels, metres, float(rng.uniform(*finish.gloss)), finish.shine, finish.sheen,
        hem, float(rng.uniform(0.012, 0.03)),
    )  # fmt: skip


def _colour(hue: float, finish: Finish, rng: np.random.Generator) -> tuple[float, float, float]:
    value = float(rng.uniform(*finish.value))
    if rng.uniform() < finish.greys:
        return (value, value, value)
    if finish.hues:
        hue = float(rng.uniform(*finish.hues[int(rng.integers(len(finish.hues)))]))
    return colorsys.hsv_to_rgb(hue % 1.0, float(rng.uniform(*finish.saturation)), value)
