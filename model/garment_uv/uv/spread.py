"""Moving an atlas's points apart, so that no two of them are read from the same texels (ours).

A vertex is read from the four texels around each of its points. Where more points share texels than there are texels,
no map gives all of them back; where two surfaces that lie far apart on the body, as an arm and the torso, share texels,
only a map that swings between them does. So points keep a distance, and the two sides of a gap in the outline a wider
one, while no triangle is turned over or squeezed.
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from garment_uv.geometry.edges import border_edges, boundary_loops

LEAST_TEXELS = 1.15
"""Distance that points keep where the canvas has room for it."""
CROWDED = 0.65
"""Least distance, as a share of the points' mean spacing, where it has not."""
GAP = 2.1
"""Distance across a gap in the outline, in least distances: a bilinear reading reaches one texel to each side."""
OPENING = 0.5
"""How fast a gap opens: its width as a share of the way along the outline from one side to the other."""
RIM = 0.3
"""Texels beside the canvas's border that stay free: a straight end that is crowded swells towards it."""
ROUNDS = 160
_REFRESH = 5
_STEP = 0.5
_LONGEST = 0.1
"""Texels that a point moves in a round, at most."""
_SMALLEST = 0.12
"""No triangle's area falls below this share of the median one, or of its own where that is less."""
SYMMETRIC = 0.01
"""Texels: halves of the canvas that mirror themselves so closely before are made to do so after."""


def least_distance(points: int, size: int) -> float:
    """Texels that so many points on a canvas of `size` can keep from each other; some 0.68 of it is covered."""
    return min(LEAST_TEXELS, CROWDED * float(np.sqrt(0.68 * size * size / points)))


def signed_areas(points: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Areas [F] of triangles of points [P, 2] in texels squared, positive when seen from outside the body."""
    a, b, c = (points[faces[:, corner]] for corner in range(3))
    return -0.5 * ((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0])


def spread_points(points: np.ndarray, faces: np.ndarray, size: int, least: float) -> np.ndarray:
    """Points [P, 2] of an atlas of `size` texels moved apart to `least` texels where they can be; triangles [F, 3].

    The canvas's left and right half stay mirrors of themselves where they were. The same bytes every time.
    """
    place, outline = points.copy(), _Outline.of(points, faces)
    low, high = np.minimum(points.min(axis=0), RIM), np.maximum(points.max(axis=0), size - 1 - RIM)
    mirrored = _mirror(points, size)
    floor = np.minimum(signed_areas(points, faces), _SMALLEST * np.median(signed_areas(points, faces)))
    pairs = wanted = np.empty(0)
    for step in range(ROUNDS):
        if step % _REFRESH == 0:
            pairs, wanted = outline.near_pairs(place, least)
        moves = _pushes(place, outline, pairs, wanted) + _swellings(place, faces, floor)
        lengths = np.linalg.norm(moves, axis=1)
        moves *= _STEP * np.minimum(1.0, _LONGEST / np.maximum(_STEP * lengths, 1e-12))[:, None]
        place = _sound(place, np.clip(place + moves, low, high), faces, 0.999 * floor)
        if mirrored is not None:
            mates, about = mirrored
            place = 0.5 * (place + np.column_stack([about - place[mates, 0], place[mates, 1]]))
    return place


@dataclass(frozen=True)
class _Outline:
    """The islands' borders; the middle of each border edge counts as a further point, after the P of the atlas."""

    edges: np.ndarray
    """int [B, 2] points."""
    island: np.ndarray
    """int [P + B] which border a point lies on, -1 for none."""
    way: np.ndarray
    """float64 [P + B] texels along it."""
    length: np.ndarray
    """float64 [islands] texels round each."""

    @classmethod
    def of(cls, points: np.ndarray, faces: np.ndarray) -> "_Outline":
        edges, count = border_edges(faces), len(points)
        island, way, length = np.full(count, -1), np.zeros(count), []
        for number, loop in enumerate(boundary_loops(faces)):
            sides = np.linalg.norm(points[np.roll(loop, -1)] - points[loop], axis=1)
            island[loop], way[loop] = number, np.concatenate([[0.0], np.cumsum(sides)[:-1]])
            length.append(sides.sum())
        middle = way[edges[:, 0]] + 0.5 * np.linalg.norm(points[edges[:, 1]] - points[edges[:, 0]], axis=1)
        at = np.concatenate([island, island[edges[:, 0]]]), np.concatenate([way, middle])
        return cls(edges, *at, np.array(length))

    def with_middles(self, points: np.ndarray) -> np.ndarray:
        """The points [P + B, 2]."""
        return np.concatenate([points, 0.5 * (points[self.edges[:, 0]] + points[self.edges[:, 1]])])

    def near_pairs(self, points: np.ndarray, least: float) -> tuple[np.ndarray, np.ndarray]:
        """Pairs [N, 2] that may come too near, a point first, and the distance [N] that each is to keep."""
        count = len(points)
        pairs = cKDTree(self.with_middles(points)).query_pairs(1.1 * GAP * least, output_type="ndarray")
        first, second = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))].T
        middle = second >= count
        own = np.zeros(len(first), bool)
        own[middle] = (self.edges[second[middle] - count] == first[middle, None]).any(axis=1)
        kept = (first < count) & ~own
        first, second, middle = first[kept], second[kept], middle[kept]
        round_ = self.length[self.island[first]]
        apart = np.abs(self.way[first] - self.way[second])
        apart = np.where(self.island[first] == self.island[second], np.minimum(apart, round_ - apart), np.inf)
        gap = np.where(
            (self.island[first] < 0) | (self.island[second] < 0), 0.0, np.minimum(GAP * least, OPENING * apart)
        )
        return np.stack([first, second], axis=1), np.maximum(np.where(middle, 0.8, 1.0) * least, gap)


def _pushes(points: np.ndarray, outline: _Outline, pairs: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Half of what each pair that is too near lacks, for either; what a border edge's middle is pushed its ends are."""
    count, everything = len(points), outline.with_middles(points)
    between = everything[pairs[:, 1]] - everything[pairs[:, 0]]
    lengths = np.linalg.norm(between, axis=1)
    near = lengths < wanted
    between *= (0.5 * np.maximum(wanted - lengths, 0.0) / np.maximum(lengths, 1e-6))[:, None]
    first, second = pairs[near].T
    total = _sums(second, between[near], len(everything)) - _sums(first, between[near], len(everything))
    halves = np.repeat(0.5 * total[count:], 2, axis=0)
    return total[:count] + _sums(outline.edges.ravel(), halves, count)


def _swellings(points: np.ndarray, faces: np.ndarray, floor: np.ndarray) -> np.ndarray:
    """Moves [P, 2] that bring triangles near their least area [F] back to half as much again."""
    lacks = 1.5 * floor - signed_areas(points, faces)
    small = lacks > 0
    moves = np.zeros_like(points)
    for corner in range(3):
        at, following, last = (faces[small, (corner + turn) % 3] for turn in range(3))
        side = points[last] - points[following]
        rise = 0.5 * np.stack([side[:, 1], -side[:, 0]], axis=1)
        step = rise * (lacks[small] / np.maximum(3 * (rise**2).sum(axis=1), 1e-9))[:, None]
        moves += _sums(at, step, len(points))
    return moves


def _sound(before: np.ndarray, after: np.ndarray, faces: np.ndarray, floor: np.ndarray) -> np.ndarray:
    """`after` with those points nearer to where they were whose triangles would fall below their least area."""
    least = np.minimum(floor, signed_areas(before, faces))
    for attempt in range(1000):
        bad = signed_areas(after, faces) < least - 1e-12
        if not bad.any():
            return after
        corners = np.unique(faces[bad])
        after[corners] = 0.5 * (after[corners] + before[corners]) if attempt < 6 else before[corners]
    return before


def _mirror(points: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray] | None:
    """Each point's mate [P] in its own half of the canvas, and twice the x [P] it is mirrored at; None where not so."""
    half = size // 2
    about = np.where(points[:, 0] >= half, 3 * half - 1, half - 1)
    found, mates = cKDTree(points).query(np.column_stack([about - points[:, 0], points[:, 1]]))
    return (mates, about) if np.max(found) < SYMMETRIC else None


def _sums(at: np.ndarray, values: np.ndarray, count: int) -> np.ndarray:
    """Sums [count, 2] of `values` [N, 2] by their places `at` [N]."""
    return np.stack([np.bincount(at, values[:, axis], minlength=count) for axis in (0, 1)], axis=1)


def crossings(points: np.ndarray, faces: np.ndarray) -> int:
    """How many pairs of border edges cross each other: 0 unless parts of the figure overlap."""
    edges = border_edges(faces)
    start, end = points[edges[:, 0]], points[edges[:, 1]]

    def side(first: np.ndarray, second: np.ndarray, point: np.ndarray) -> np.ndarray:
        along, to = (second - first)[:, None], point[None] - first[:, None]
        return along[..., 0] * to[..., 1] - along[..., 1] * to[..., 0]

    parts = side(start, end, start) * side(start, end, end) < -1e-12
    return int((parts & parts.T).sum()) // 2
