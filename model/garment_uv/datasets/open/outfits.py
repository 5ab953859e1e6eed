"""What a subject wears: the numbers a garment is cut by, drawn at random. Ours; ranges imitate CLOTH3D's variety.

Heights and reaches are metres on the mean subject in T-pose, relative to the root: neck 0.46, navel 0.12, crotch -0.12,
knee -0.48, ankle -0.90; shoulder 0.17, elbow 0.43 and wrist 0.65 from the middle.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from garment_uv.classes import OUTFITS

OUTFIT_ORDER: tuple[tuple[str, ...], ...] = tuple(OUTFITS[number] for number in (2, 5, 1, 4, 0, 3))
"""The outfits in the order that sequences take them: any four in a row from the first hold all six classes."""

TIGHTNESS_RANGE = (-1.5, 0.5)
"""Loosest and tightest value of `tightness`, as in the dataset."""
FABRICS: dict[str, tuple[float, float]] = {
    "cotton": (1.0, 1.0),
    "denim": (0.45, 1.7),
    "leather": (0.35, 2.0),
    "silk": (1.5, 0.6),
    "knit": (0.7, 0.9),
    "linen": (1.1, 1.3),
    "wool": (0.6, 1.4),
    "velvet": (0.8, 0.9),
}
"""Fabric to how strongly it folds and how stiffly it keeps its cut."""
BASIC_SHARES: dict[str, float] = {"cotton": 0.45, "denim": 0.2, "leather": 0.1, "silk": 0.25}
"""How often each fabric of the first sets comes up."""
Neckline = Literal["round", "v", "boat", "straps"]
"""Shape of an opening at the neck (`necklines`)."""


@dataclass(frozen=True)
class GarmentCut:
    """One garment before it is put on a subject."""

    name: str
    """Class name."""
    fabric: str
    looseness: float
    """0 skin-tight to 1 loose; from `tightness`."""
    top: float | None
    """Height of the waist; None for a garment that ends at the neck."""
    bottom: float
    """Height of the hem: of the upper body, the legs or the skirt."""
    neck: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Half-width, depth and forward shift of the neckline."""
    sleeve: float = 0.0
    """Reach of the sleeves from the middle."""
    slant: float = 0.0
    """How far an armhole's cut leans inwards per metre of height; 0 for sleeves."""
    flare: float = 0.0
    """Extra distance from the legs at the lower end, metres."""
    folds: int = 0
    """Hanging folds around a skirt."""
    fold_depth: float = 0.0
    """Their depth at the hem, metres."""
    neckline: Neckline = "round"
    cuff: float = 0.0
    """Extra distance from the arms at the lower end of a sleeve, metres."""
    waist: float = 0.10
    """Height at which a garment for the whole body is taken in, and by what share `nip` of its width."""
    nip: float = 0.0
    tilt: float = 0.0
    """How much higher the hem is at the left (+x) than at the right, metres."""
    dip: float = 0.0
    """How much higher the hem is in front than at the back, metres."""
    pleats: int = 0
    """Pressed pleats around a skirt, and the share `pleat_width` by which they add to its width."""
    pleat_width: float = 0.0
    fullness: float | None = None
    """Share of width that is gathered into a skirt; None: what the simulation draws for every skirt."""
    slits: tuple[tuple[float, float], ...] = ()
    """Slits of a skirt: angle about the body, radians from its left (+x) by way of its back, and height of the end."""


@dataclass(frozen=True)
class Outfit:
    """The garments of one subject, lower before upper, and the dataset's two tightness numbers."""

    cuts: tuple[GarmentCut, ...]
    tightness: tuple[float, float]
    """Upper, lower."""


def draw_outfit(names: tuple[str, ...], rng: np.random.Generator) -> Outfit:
    """A random cut of each of `names` (one entry of `OUTFIT_ORDER`); an upper ends 1 to 3 cm below a lower's waist."""
    tightness = tuple(float(t) for t in rng.uniform(*TIGHTNESS_RANGE, size=2))
    loose = [(TIGHTNESS_RANGE[1] - t) / (TIGHTNESS_RANGE[1] - TIGHTNESS_RANGE[0]) for t in tightness]
    cuts = []
    waist = float(rng.uniform(0.0, 0.13))
    for name in sorted(names, key=lambda n: n in ("Top", "Tshirt")):
        fabric = str(rng.choice(list(BASIC_SHARES), p=list(BASIC_SHARES.values())))
        if name in ("Trousers", "Skirt"):
            cuts.append(_lower(name, fabric, loose[1], waist, rng))
        elif name in ("Top", "Tshirt"):
            hem = waist - float(rng.uniform(0.01, 0.03))
            cuts.append(_upper(name, fabric, loose[0], hem, rng))
        else:
            cuts.append(_whole(name, fabric, loose[1], rng))
    return Outfit(tuple(cuts), tightness)  # type: ignore[arg-type]


def _legs(rng: np.random.Generator) -> float:
    """Hem of trouser legs: shorts, knee-length or long."""
    low, high = ((-0.40, -0.26), (-0.66, -0.44), (-0.89, -0.80))[rng.choice(3, p=[0.3, 0.2, 0.5])]
    return float(rng.uniform(low, high))


def _hem(rng: np.random.Generator) -> float:
    """Hem of a skirt: mini, knee-length or long."""
    low, high = ((-0.40, -0.27), (-0.60, -0.42), (-0.86, -0.66))[rng.choice(3, p=[0.3, 0.4, 0.3])]
    return float(rng.uniform(low, high))


def _neck(rng: np.random.Generator) -> tuple[float, float, float]:
    return float(rng.uniform(0.068, 0.115)), float(rng.uniform(0.09, 0.19)), float(rng.uniform(0.0, 0.05))


def _sleeve(rng: np.random.Generator) -> float:
    low, high = ((0.24, 0.36), (0.42, 0.52), (0.56, 0.63))[rng.choice(3, p=[0.55, 0.15, 0.3])]
    return float(rng.uniform(low, high))


def _skirt(fabric: str, rng: np.random.Generator) -> dict[str, Any]:
    """Flare and hanging folds of a skirt."""
    strength = FABRICS[fabric][0]
    return {
        "flare": float(rng.uniform(0.02, 0.24)),
        "folds": int(rng.integers(5, 11)),
        "fold_depth": float(strength * rng.uniform(0.008, 0.026)),
    }


def _upper(name: str, fabric: str, loose: float, hem: float, rng: np.random.Generator) -> GarmentCut:
    neck = _neck(rng)
    if name == "Tshirt":
        return GarmentCut(name, fabric, loose, None, hem, neck, _sleeve(rng))
    return GarmentCut(
        name, fabric, loose, None, hem, neck, float(rng.uniform(0.15, 0.172)), float(rng.uniform(0.1, 0.4))
    )


def _lower(name: str, fabric: str, loose: float, waist: float, rng: np.random.Generator) -> GarmentCut:
    if name == "Skirt":
        return GarmentCut(name, fabric, loose, waist, _hem(rng), **_skirt(fabric, rng))
    return GarmentCut(name, fabric, loose, waist, _legs(rng), flare=float(rng.uniform(0.0, 0.05)))


def _whole(name: str, fabric: str, loose: float, rng: np.random.Generator) -> GarmentCut:
    neck, sleeved = _neck(rng), rng.uniform() < 0.6
    sleeve = _sleeve(rng) if sleeved else float(rng.uniform(0.15, 0.172))
    slant = 0.0 if sleeved else float(rng.uniform(0.1, 0.4))
    if name == "Dress":
        return GarmentCut(name, fabric, loose, None, _hem(rng), neck, sleeve, slant, **_skirt(fabric, rng), nip=1.0)
    return GarmentCut(name, fabric, loose, None, _legs(rng), neck, sleeve, slant, flare=float(rng.uniform(0.0, 0.05)))
