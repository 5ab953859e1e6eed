"""An island's outline: where its corners are on the body, and where they go on its half of the canvas.

There the outline is a standing figure that fills a rectangle (ours): x in [-1, 1] to the right, y in [0, 1] down, arms
beside the torso, legs that widen below it. The proportions follow how much surface and how many vertices a part has.
"""

from dataclasses import dataclass

import numpy as np

from garment_uv.errors import UserError
from garment_uv.geometry.edges import boundary_loops, directed_edges


@dataclass(frozen=True)
class Outline:
    """The closed outline of one island, counter-clockwise seen from outside the body, from the neck on.

    `loop` [L] vertices; the other fields are positions in it. Side 0 is the first side met after the neck, which
    lies left in the picture of either island; side 1 the other.
    """

    loop: np.ndarray
    neck: tuple[int, int]
    """First and last position of the neck opening."""
    wrists: tuple[tuple[int, int], tuple[int, int]]
    """First and last position of each wrist opening."""
    ankles: tuple[tuple[int, int], tuple[int, int]]
    shoulders: tuple[int, int]
    armpits: tuple[int, int]
    hips: tuple[int, int]
    crotch: int

    def vertex(self, position: int) -> int:
        """The vertex at a position of the loop."""
        return int(self.loop[position % len(self.loop)])


def outline(rest: np.ndarray, faces: np.ndarray, island_faces: np.ndarray) -> Outline:
    """The outline of an island [Fi, 3] of `faces` [F, 3] at `rest` [V, 3] (m); UserError unless it has 5 openings."""
    loop = _boundary(island_faces)
    pairs = np.stack([loop, np.roll(loop, -1)], axis=1)
    half_edges = directed_edges(faces)
    count = int(faces.max()) + 1
    known = np.unique(half_edges[:, 0].astype(np.int64) * count + half_edges[:, 1])
    opening = ~np.isin(pairs[:, 1].astype(np.int64) * count + pairs[:, 0], known)

    starts = np.flatnonzero(opening & ~np.roll(opening, 1))
    if len(starts) != 5:
        raise UserError(f"a UV island has {len(starts)} openings, wanted 5: neck, wrists and ankles; mend the topology")
    runs = [_run(opening, int(start)) for start in starts]
    heights = [rest[np.take(loop, range(first, last + 1), mode="wrap"), 2].mean() for first, last in runs]
    top = int(np.argmax(heights))
    runs, heights = runs[top:] + runs[:top], heights[top:] + heights[:top]
    if sorted(np.argsort(heights)[:2]) != [2, 3]:
        raise UserError("a UV island's openings do not run neck, wrist, ankle, ankle, wrist: mend the topology")

    start = runs[0][0]
    loop = np.roll(loop, -start)
    neck, wrist0, ankle0, ankle1, wrist1 = (((a - start) % len(loop), (b - start) % len(loop)) for a, b in runs)
    where = rest[loop]
    rim = np.isin(island_faces, loop)
    inward = np.isin(loop, island_faces[rim.any(1) & ~rim.all(1)])

    def between(first: int, last: int) -> np.ndarray:
        """Positions strictly inside a side, at vertices that have a neighbour inside the island."""
        candidates = np.arange(first + 1, last)
        candidates = candidates[inward[candidates]]
        if not len(candidates):
            raise UserError("a side of a UV island has no vertex to cut at: use a finer body topology")
        return candidates

    def nearest(first: int, last: int, position: int) -> int:
        candidates = between(first, last)
        return int(candidates[np.argmin(np.linalg.norm(where[candidates] - where[position], axis=1))])

    def armpit(first: int, last: int) -> int:
        """The point that lies farthest from the chord from wrist to ankle, seen from the front."""
        candidates = between(first, last)
        flat = where[candidates][:, [0, 2]] - where[first][[0, 2]]
        chord = (where[last] - where[first])[[0, 2]]
        return int(candidates[np.argmax(np.abs(flat[:, 0] * chord[1] - flat[:, 1] * chord[0]))])

    inner = between(ankle0[1], ankle1[0])
    crotch = int(inner[np.argmax(where[inner, 2])])
    armpits = (armpit(wrist0[1], ankle0[0]), armpit(ankle1[1], wrist1[0]))
    return Outline(
        loop=loop,
        neck=neck,
        wrists=(wrist0, wrist1),
        ankles=(ankle0, ankle1),
        armpits=armpits,
        crotch=crotch,
        shoulders=(nearest(neck[1], wrist0[0], armpits[0]), nearest(wrist1[1], len(loop), armpits[1])),
        hips=(nearest(armpits[0], ankle0[0], crotch), nearest(ankle1[1], armpits[1], crotch)),
    )


def _boundary(island_faces: np.ndarray) -> np.ndarray:
    """The one boundary loop of a disk, in the direction of its faces."""
    try:
        (loop,) = boundary_loops(island_faces)
    except (ValueError, KeyError):
        raise UserError("a UV island is no disk with one boundary: mend the body topology's islands") from None
    return np.roll(loop, -int(loop.argmin()))


def _run(opening: np.ndarray, start: int) -> tuple[int, int]:
    last = start
    while opening[last % len(opening)]:
        last += 1
    return int(start), int(last)


BULGE = 0.0015
"""How far the outer sides swell, so that no inner edge of the mesh lies on a straight side."""


@dataclass(frozen=True)
class Figure:
    """The corners [2] of the left half, x < 0; the right half mirrors them."""

    neck: np.ndarray
    shoulder: np.ndarray
    wrist_outer: np.ndarray
    wrist_inner: np.ndarray
    armpit: np.ndarray
    hip: np.ndarray
    knee: np.ndarray
    """Where the leg reaches the canvas's side."""
    ankle_outer: np.ndarray
    ankle_inner: np.ndarray
    crotch: np.ndarray
    fork: np.ndarray
    """Where belly and both legs meet, above the crotch."""


def figure(chest: float, belly: float, arms: float, gap: float, rise: float) -> Figure:
    """Corners whose parts cover about their shares of the rectangle; both legs take the rest.

    `gap` is the free width, in units of x, between arm and torso at the wrist and between the legs at the ankles;
    `rise` is how far the crotch lies below the line from hip to hip, as a share of that line's length.
    """
    upper = chest + belly + arms
    hip_y = float(np.clip(upper - 0.02, 0.3, 0.75))
    arm = float(np.clip(arms / upper, 0.12, 0.5))
    armpit_x = 1.0 - arm * 1.05
    armpit_y = float(np.clip(hip_y * chest / (chest + belly), 0.08, hip_y - 0.12))
    shoulder_y = 0.25 * armpit_y
    inner = armpit_x - gap / 2
    drop = float(np.clip(0.45 * inner * rise, 0.01, 0.15))
    return Figure(
        neck=np.array([-0.45 * armpit_x, BULGE]),
        shoulder=np.array([-1.0, shoulder_y]),
        wrist_outer=np.array([-1.0, hip_y - 0.3 * gap]),
        wrist_inner=np.array([-armpit_x - gap / 2, hip_y - 0.3 * gap]),
        armpit=np.array([-armpit_x, armpit_y]),
        hip=np.array([-inner, hip_y]),
        knee=np.array([-1.0, hip_y + 0.2 * (1 - hip_y) + 0.04]),
        ankle_outer=np.array([-1.0, 1.0 - BULGE]),
        ankle_inner=np.array([-gap / 2, 1.0 - BULGE]),
        crotch=np.array([0.0, hip_y + 0.02 + drop]),
        fork=np.array([0.0, hip_y + 0.02]),
    )


def along(corners: list[np.ndarray], lengths: np.ndarray, bulge: float) -> np.ndarray:
    """Points [n + 1, 2] along a polyline for n edges of the given lengths, from its first corner to its last.

    Spread by half the edges' lengths and half their number; `bulge` swells each straight part to the right of the
    way, which is outside when the outline runs counter-clockwise in the picture.
    """
    steps = 0.5 * lengths / max(lengths.sum(), 1e-12) + 0.5 / len(lengths)
    at = np.concatenate([[0.0], np.cumsum(steps)])
    at /= at[-1]
    polyline = np.array(corners)
    parts = np.linalg.norm(np.diff(polyline, axis=0), axis=1)
    stops = np.concatenate([[0.0], np.cumsum(parts)]) / parts.sum()
    points = np.stack([np.interp(at, stops, polyline[:, axis]) for axis in (0, 1)], axis=1)
    part = np.clip(np.searchsorted(stops, at, side="right") - 1, 0, len(parts) - 1)
    local = (at - stops[part]) / (stops[part + 1] - stops[part])
    way = np.diff(polyline, axis=0)[part] / parts[part, None]
    outward = np.stack([-way[:, 1], way[:, 0]], axis=1)
    return points + outward * (4 * local * (1 - local) * bulge)[:, None]
