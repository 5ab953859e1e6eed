"""What a subject wears with variety="full": every kind of cut, each within what can be sewn and worn. Ours."""

from typing import Any

import numpy as np

from garment_uv.datasets.open import _ranges as ranges
from garment_uv.datasets.open._fit import SKIRT_JOIN
from garment_uv.datasets.open._ranges import Draw
from garment_uv.datasets.open.outfits import TIGHTNESS_RANGE, GarmentCut, Outfit
from garment_uv.datasets.open.sewable import LEAST_SLIT, LEAST_TUBE

SHOULDER, ARMPIT = 0.45, 0.33
"""Heights between which an armhole runs, metres."""
HIGHEST_HEM = 0.2
"""Of an upper, metres: higher, it would end at the breast."""
LOWEST_HEM = -0.93
"""Of an asymmetric skirt, metres: lower, it would lie on the ground."""


def draw_wide_outfit(names: tuple[str, ...], rng: np.random.Generator) -> Outfit:
    """A random cut of each of `names` (one entry of `OUTFIT_ORDER`), lower before upper."""
    draw = Draw(rng)
    tightness = (draw.between(*TIGHTNESS_RANGE), draw.between(*TIGHTNESS_RANGE))
    upper, lower = ((TIGHTNESS_RANGE[1] - t) / (TIGHTNESS_RANGE[1] - TIGHTNESS_RANGE[0]) for t in tightness)
    _, waist = draw.span(ranges.WAISTS)
    cuts = []
    for name in sorted(names, key=lambda n: n in ("Top", "Tshirt")):
        if name in ("Top", "Tshirt"):
            cuts.append(_upper(draw, name, upper, waist))
        elif name == "Trousers":
            fabric = draw.of(ranges.FABRICS_OF["legs"])
            cuts.append(GarmentCut(name, fabric, lower, waist, **_legs(draw)))
        elif name == "Skirt":
            fabric = draw.of(ranges.FABRICS_OF["skirt"])
            cuts.append(GarmentCut(name, fabric, lower, max(waist, 0.01), **_skirt(draw)))
        else:
            cuts.append(_whole(draw, name, lower))
    return Outfit(tuple(cuts), tightness)


def _upper(draw: Draw, name: str, loose: float, waist: float) -> GarmentCut:
    kind, rise = draw.span(ranges.HEMS_OVER_WAIST)
    hem: dict[str, Any] = {"bottom": min(waist + rise, HIGHEST_HEM)}
    if kind == "crop" and draw.chance(0.3):
        hem["tilt"] = draw.between(-0.06, 0.06)
    elif draw.chance(0.2):
        hem["dip"] = draw.between(0.01, 0.03)
    return GarmentCut(
        name, draw.of(ranges.FABRICS_OF["upper"]), loose, None, **hem, **_top(draw, loose, sleeved=name == "Tshirt")
    )


def _whole(draw: Draw, name: str, loose: float) -> GarmentCut:
    top = _top(draw, loose, sleeved=not draw.chance(ranges.SLEEVELESS))
    kind, height = draw.span(ranges.DRESS_WAISTS)
    taken_in: dict[str, Any] = {"waist": height, "nip": 0.0 if kind == "none" else draw.between(0.6, 1.0)}
    if name == "Dress":
        return GarmentCut(name, draw.of(ranges.FABRICS_OF["skirt"]), loose, None, **top, **taken_in, **_skirt(draw))
    return GarmentCut(name, draw.of(ranges.FABRICS_OF["legs"]), loose, None, **top, **taken_in, **_legs(draw))


def _legs(draw: Draw) -> dict[str, Any]:
    """Hem and width of legs: most are straight, some widen much."""
    _, bottom = draw.span(ranges.LEGS)
    return {"bottom": bottom, "flare": draw.between(0.04, 0.09) if draw.chance(0.3) else draw.between(0.0, 0.04)}


def _top(draw: Draw, loose: float, sleeved: bool) -> dict[str, Any]:
    """Neckline and sleeves or armholes that leave shoulders of at least 3 cm between them."""
    kind = draw.of({"round": 0.4, "v": 0.25, "boat": 0.2} | ({} if sleeved else {"straps": 0.3}))
    if sleeved:
        which, reach = draw.span(ranges.SLEEVES)
        arms = {"sleeve": reach, "slant": 0.0}
        if which in ("elbow", "long") and draw.chance(0.25):
            # Wider, a sleeve that is loose already would lie through itself.
            arms["cuff"] = draw.between(0.01, 0.045 - 0.03 * loose)
        outer = 0.175
    else:
        outer = draw.between(0.115, 0.14) if kind == "straps" else draw.between(0.125, 0.16)
        slant = (0.172 - outer) / (SHOULDER - ARMPIT)
        arms = {"sleeve": 0.172 + slant * (ARMPIT - 0.36), "slant": slant}
    if kind == "v":
        neck = (draw.between(0.068, min(0.1, outer - 0.04)), draw.between(0.15, 0.33), 0.02)
    elif kind == "boat":
        # Its edge is at 0.84 of the width where it crosses the shoulders.
        neck = (
            draw.between(0.105, min(0.155, (outer - 0.03) / 0.84 + 0.001)),
            draw.between(0.095, 0.12),
            draw.between(0, 0.03),
        )
    elif kind == "straps":
        neck = (outer - draw.between(0.032, 0.055), draw.between(0.12, 0.2), draw.between(0.02, 0.07))
    else:
        neck = (draw.between(0.068, min(0.115, outer - 0.03)), draw.between(0.09, 0.19), draw.between(0.0, 0.05))
    return {"neckline": kind, "neck": neck, **arms}


def _skirt(draw: Draw) -> dict[str, Any]:
    """Hem, width, folds, pleats, gathers and slits of a skirt."""
    _, bottom = draw.span(ranges.SKIRTS)
    style = draw.of(ranges.STYLES)
    made: dict[str, Any] = {
        "bottom": bottom,
        "flare": draw.between(*ranges.FLARES[style]),
        "fullness": draw.between(*ranges.FULLNESSES[style]),
        "folds": int(draw.rng.integers(9, 15) if style == "gathered" else draw.rng.integers(5, 11)),
        "fold_depth": ranges.FOLD_DEPTHS[style],
    }
    if style == "pleated":
        made |= {"pleats": int(draw.rng.choice(ranges.PLEATS)), "pleat_width": draw.between(*ranges.PLEAT_WIDTHS)}
    elif draw.chance(ranges.UNEVEN):
        length = SKIRT_JOIN - bottom
        most = max(0.0, min(0.3, 2 * (length - LEAST_TUBE - 0.02), 2 * (bottom - LOWEST_HEM)))
        amount = draw.between(0.25, 1.0) * most
        made |= {"tilt": amount * float(draw.rng.choice([-1.0, 1.0]))} if draw.chance(0.6) else {"dip": amount}
    elif style in ("straight", "flared") and bottom < -0.36 and draw.chance(ranges.SLIT):
        made["slits"] = _slits(draw, bottom)
    return made


def _slits(draw: Draw, bottom: float) -> tuple[tuple[float, float], ...]:
    """One or two slits, from 6 cm to two thirds of the free length, no higher than the upper thigh."""
    places = {"left": 0.0, "right": np.pi, "front": -np.pi / 2 + draw.between(-0.7, 0.7), "back": np.pi / 2}
    top = bottom + max(draw.between(0.1, 0.66) * (SKIRT_JOIN - bottom), 2 * LEAST_SLIT)
    top = min(top, -0.2)
    if draw.chance(0.3):
        return ((places["left"], top), (places["right"], top))
    return ((float(places[draw.of(dict.fromkeys(places, 1.0))]), top),)
