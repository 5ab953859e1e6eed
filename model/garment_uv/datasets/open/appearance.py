"""How a sequence looks: skin, fabrics' colours and prints, lights and camera. Ranges imitate CLOTH3D's."""

import colorsys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from garment_uv.datasets.open._mesh import border_vertices
from garment_uv.datasets.open.renderer import Lighting, PointLight

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
    shine: float = 24.0
    """Exponent of the highlight."""
    sheen: float = 0.0
    """Light where the surface turns away from the eye."""
    hem: float = 1.0
    """Brightness of the cloth at borders by that of the rest, and how far it reaches from them, metres."""
    hem_width: float = 0.0

    def tint(self, rest: np.ndarray, faces: np.ndarray) -> np.ndarray:
        """What multiplies the texture at vertices `rest` [N, 3] of `faces` [F, 4], float64 [N, 3]."""
        near, _ = cKDTree(rest[border_vertices(faces)]).query(rest)
        share = np.clip(1.5 - near / max(self.hem_width, 1e-6), 0.0, 1.0)
        return np.repeat((1.0 + (self.hem - 1.0) * share)[:, None], 3, axis=1)

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
        skin=tuple(float(c) for c in skin),  # type: ignore[arg-type]
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
