"""Where an island's outline has its corners: the five openings, the armpits, the crotch, shoulders and hips."""

from dataclasses import dataclass

import numpy as np

from garment_uv.errors import UserError
from garment_uv.geometry.edges import directed_edges


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
    """The outline of the island `island_faces` [Fi, 3] of the mesh `faces` [F, 3] at `rest` [V, 3] (m, z-up).

    Raises UserError when the island is no disk with five openings (neck, two wrists, two ankles).
    """
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
    present = set(map(tuple, directed_edges(island_faces).tolist()))
    following = {a: b for a, b in present if (b, a) not in present}
    loop = [min(following)] if following else []
    while loop and following.get(loop[-1], loop[0]) != loop[0] and len(loop) <= len(following):
        loop.append(following[loop[-1]])
    if not loop or len(loop) != len(following):
        raise UserError("a UV island is no disk with one boundary: mend the body topology's islands")
    return np.array(loop, dtype=np.int64)


def _run(opening: np.ndarray, start: int) -> tuple[int, int]:
    last = start
    while opening[last % len(opening)]:
        last += 1
    return int(start), int(last)
