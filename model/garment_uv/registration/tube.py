"""How the joined legs of the 'skirt' topology spread around a skirt: an angle per body vertex (ours)."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import spsolve

from garment_uv.body.topology import BodyTopology
from garment_uv.registration.domain import Domain
from garment_uv.uv.pieces import mean_value_weights

INNER = 0.02
"""Where the legs' inner borders lie, as a share of the way from the middle to the side: the bridges stay short."""
BLEND_M = 0.15
"""Height above the crotch over which rays turn from the axis of the skirt to the normals of the body."""
SLAB_M = 0.02
"""Half height of the slice that a skirt's centre and widths are taken from."""


@dataclass(frozen=True)
class TubeDirections:
    """A ray per body vertex into the garment, and how much of it is the skirt's (1) or the body normal's (0)."""

    origins: np.ndarray
    directions: np.ndarray
    share: np.ndarray
    """float64 [V] 1 at and below the crotch, 0 from BLEND_M above it."""


def tube_directions(topology: BodyTopology, domain: Domain, skirt: np.ndarray) -> TubeDirections:
    """Rays [V, 3] from the axis of the skirt `skirt` [M, 3] outwards.

    Each half of a leg spreads over a quarter of the skirt: its outer seam goes to the side, its inner border to the
    middle, the share in between is harmonic on the body; the angle is measured on the ellipse of the skirt's widths.
    """
    across, is_back, crotch = _across(topology)
    height = domain.vertices[:, 2]
    crotch_height = domain.vertices[crotch, 2].max()
    share = np.clip(1 - (height - crotch_height) / BLEND_M, 0.0, 1.0)
    share = share * share * (3 - 2 * share)

    centre, widths = _sections(skirt, height)
    angle = across * np.pi / 2
    depth = np.where(is_back, 1.0, -1.0) * widths[:, 1] * np.cos(angle)
    outward = np.column_stack([widths[:, 0] * np.sin(angle), depth, np.zeros(len(angle))])
    outward /= np.maximum(np.linalg.norm(outward, axis=1, keepdims=True), 1e-12)
    origins = share[:, None] * np.column_stack([centre, height]) + (1 - share)[:, None] * domain.vertices
    directions = share[:, None] * outward + (1 - share)[:, None] * domain.normals
    directions /= np.maximum(np.linalg.norm(directions, axis=1, keepdims=True), 1e-12)
    return TubeDirections(origins, directions, share)


_across_of: dict[tuple[str, bytes], tuple[np.ndarray, np.ndarray, np.ndarray]] = {}
"""What `_across` found, by topology: a process has few, and many sequences on each."""


def _across(topology: BodyTopology) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Signed share [V] from the middle (0) to the left (+1) or right (-1) side, back or front [V], crotch vertices."""
    key = topology.digest, topology.rest.tobytes()
    if key not in _across_of:
        _across_of[key] = _solved(topology)
    return _across_of[key]


def _solved(topology: BodyTopology) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """`_across`: the harmonic share of each leg, half by half."""
    rest = np.asarray(topology.rest, dtype=np.float64)
    default = np.asarray(topology.faces["default"], dtype=np.int64)
    skirt = np.asarray(topology.faces["skirt"], dtype=np.int64)
    old = {tuple(sorted(face)) for face in default.tolist()}
    bridges = np.array([face for face in skirt.tolist() if tuple(sorted(face)) not in old], dtype=np.int64)
    every = np.arange(len(rest))
    kept, inner = np.isin(every, skirt), np.isin(every, bridges)
    on = [np.isin(every, default[np.asarray(topology.islands) == side]) for side in (0, 1)]

    across = np.zeros(len(rest))
    for side in (0, 1):
        faces = default[(np.asarray(topology.islands) == side) & kept[default].all(axis=1)]
        weights = mean_value_weights(rest, faces)
        seam = on[0] & on[1] & kept & ~inner
        fixed = on[side] & (seam | inner)
        value = np.where(inner, INNER, 1.0) * np.sign(rest[:, 0])
        free = np.flatnonzero(on[side] & kept & ~fixed)
        total = np.asarray(weights.sum(axis=1)).ravel()
        rows = sp.diags(1 / np.maximum(total[free], 1e-12)) @ weights[free]
        held = np.flatnonzero(fixed)
        system = (sp.identity(len(free)) - rows[:, free]).tocsc()
        across[held] = value[held]
        across[free] = spsolve(system, rows[:, held] @ value[held])
    top = bridges[rest[bridges, 2].mean(axis=1).argmax()]
    return across, on[1] & ~on[0], top


def _sections(skirt: np.ndarray, heights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Centre (x, y) [N, 2] and half widths [N, 2] of the skirt's horizontal slices at `heights` [N], metres."""
    levels = np.linspace(skirt[:, 2].min(), skirt[:, 2].max(), 48)
    low, high = np.empty((48, 2)), np.empty((48, 2))
    for row, level in enumerate(levels):
        apart = np.abs(skirt[:, 2] - level)
        inside = skirt[apart <= max(SLAB_M, np.partition(apart, min(24, len(apart) - 1))[min(24, len(apart) - 1)])]
        low[row], high[row] = inside[:, :2].min(axis=0), inside[:, :2].max(axis=0)
    centre, half = (low + high) / 2, np.maximum((high - low) / 2, 0.01)
    take = [np.column_stack([np.interp(heights, levels, part[:, axis]) for axis in (0, 1)]) for part in (centre, half)]
    return take[0], take[1]
