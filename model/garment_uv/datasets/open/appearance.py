"""How a sequence looks: skin, fabrics' colours and prints, lights and camera. Ranges imitate CLOTH3D's."""

import colorsys
from dataclasses import dataclass

import numpy as np

from garment_uv.datasets.open.prints import PRINTS, draw_print
from garment_uv.datasets.open.renderer import Lighting, PointLight

WATT = 0.06
"""Renderer's power per watt of `lights`."""
_SKIN = np.array([[0.94, 0.78, 0.68], [0.85, 0.65, 0.52], [0.68, 0.47, 0.34], [0.45, 0.29, 0.20]])


@dataclass(frozen=True)
class Look:
    """One garment's surface."""

    colour: tuple[float, float, float]
    """sRGB 0..1."""
    print_name: str = ""
    """'' for one colour, else the kind of print."""
    tile: np.ndarray | None = None
    """uint8 [h, w, 3] for a print."""
    metres: float = 0.15
    """What one tile spans."""
    gloss: float = 0.04

    def texture(self) -> tuple[str, dict | np.ndarray]:
        """`texture.type` and `texture.data` as info.mat has them."""
        if self.tile is None:
            return "color", np.array(self.colour)
        hsv = np.array(colorsys.rgb_to_hsv(*self.colour))
        return "pattern", {"pattern": f"{self.print_name}.png", "hsv": hsv, "scale": float(self.metres)}


@dataclass(frozen=True)
class Appearance:
    """All of a sequence's look."""

    skin: tuple[float, float, float]
    looks: dict[str, Look]
    lights: tuple[dict, ...]
    """Point lights as info.mat has them: {'loc': float64 [3] metres, 'pwr': watts}."""
    ambient: float
    camera: np.ndarray
    """float64 [3] camLoc, metres."""
    zrot: float
    """Radians."""

    def lighting(self) -> Lighting:
        """The lights for the renderer."""
        points = tuple(PointLight(tuple(light["loc"]), light["pwr"] * WATT) for light in self.lights)
        sky = tuple(self.ambient * np.array([1.0, 1.02, 1.06]))
        ground = tuple(self.ambient * np.array([0.48, 0.45, 0.42]))
        return Lighting(points, sky, ground)


def draw_appearance(garments: tuple[str, ...], fabrics: dict[str, str], rng: np.random.Generator) -> Appearance:
    """A random look for `garments`, whose hues lie apart from one another."""
    place = rng.uniform(0, len(_SKIN) - 1)
    low = min(int(place), len(_SKIN) - 2)
    skin = _SKIN[low] + (place - low) * (_SKIN[low + 1] - _SKIN[low])
    hue = rng.uniform()
    looks = {}
    for name in garments:
        looks[name] = _look(hue, fabrics[name], rng)
        hue += rng.uniform(0.25, 0.6)
    return Appearance(
        skin=tuple(float(c) for c in skin),
        looks=looks,
        lights=_lights(rng),
        ambient=float(rng.uniform(0.24, 0.36)),
        camera=np.array([rng.uniform(4.4, 5.2), 0.0, 1.0]),
        zrot=float(rng.uniform(-np.pi, np.pi)),
    )


def _look(hue: float, fabric: str, rng: np.random.Generator) -> Look:
    gloss = {"leather": 0.22, "silk": 0.14}.get(fabric, 0.03)
    colour = _colour(hue, rng)
    if rng.uniform() < 0.5:
        return Look(colour, gloss=gloss)
    kind = str(rng.choice(list(PRINTS)))
    colours = np.array([colour, _colour(hue + rng.uniform(0.08, 0.5), rng), _colour(rng.uniform(), rng)])
    if rng.uniform() < 0.4:
        colours[1] = rng.uniform(0.85, 0.97)
    metres = float(rng.uniform(0.07, 0.16) if kind != "patches" else rng.uniform(0.3, 0.6))
    return Look(colour, kind, draw_print(kind, colours, rng), metres, gloss)


def _colour(hue: float, rng: np.random.Generator) -> tuple[float, float, float]:
    if rng.uniform() < 0.15:
        grey = float(rng.choice([0.12, 0.3, 0.55, 0.9]))
        return (grey, grey, grey)
    return colorsys.hsv_to_rgb(hue % 1.0, float(rng.uniform(0.4, 0.9)), float(rng.uniform(0.4, 0.95)))


def _lights(rng: np.random.Generator) -> tuple[dict, ...]:
    """A key light from the camera's side, and one or two more from anywhere around."""
    side = rng.choice([-1.0, 1.0])
    places = [np.array([rng.uniform(1.5, 3.2), side * rng.uniform(0.8, 2.6), rng.uniform(2.2, 3.2)])]
    for _ in range(int(rng.integers(1, 3))):
        places.append(np.array([rng.uniform(-2.5, 2.8), -side * rng.uniform(0.6, 2.6), 3.0]))
    return tuple({"loc": place, "pwr": float(rng.uniform(60, 90))} for place in places)
