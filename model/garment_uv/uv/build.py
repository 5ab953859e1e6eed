"""Building the atlas of a body topology."""

import numpy as np

from garment_uv.body.topology import BodyTopology
from garment_uv.errors import UserError
from garment_uv.geometry.normals import face_areas
from garment_uv.uv.atlas import Atlas
from garment_uv.uv.layout import Layout
from garment_uv.uv.outline import BULGE, Figure, Outline, along, figure, outline
from garment_uv.uv.pieces import Cuts, Spacing, cut, embed, split
from garment_uv.uv.spread import crossings, least_distance, spread_points

JUNCTION = 0.015
"""Share of the canvas's height per edge between an armpit and the vertex where its arm is cut off."""
MIN_SIZE = 32
_MARGIN = 1.0
"""Free texels at the canvas's sides."""
_BETWEEN_ROWS = 0.4
"""Further free texels above and below a spread layout, whose straight ends are then read from two rows of texels."""
GUTTER = 3.0
"""Free texels between the two islands."""
GAP_TEXELS = 2.0
GAP_SHARE = 0.08
"""Free width between limbs at their ends: so many texels, or so much of half the island's width where that is more."""


_WIDER = 1.3
"""Distance that flattening aims at, in those that points are to keep."""


def build_atlas(topology: BodyTopology, size: int, layout: Layout = "crowded") -> Atlas:
    """The atlas of `topology` on a canvas of `size` x `size` texels; the same bytes every time.

    Each island is cut at shoulders, chest and hips, every piece is flattened onto a convex polygon by mean value
    coordinates, and the polygons form a standing figure on the island's half of the canvas (ours). With the layout
    'spread' its points are then moved apart, so that a map can give back all vertices (`spread.py`). UserError for a
    topology or size that cannot be laid out, which is one whose triangles would be flipped.
    """
    if size < MIN_SIZE or size % 2:
        raise UserError(f"atlas size {size} texels: give an even number of at least {MIN_SIZE}")
    faces = np.asarray(topology.faces["default"], dtype=np.int64)
    rest = np.asarray(topology.rest, dtype=np.float64)
    islands = np.asarray(topology.islands)
    half = (size / 2 - _MARGIN - 0.5 - GUTTER / 2) / 2
    above = _MARGIN if layout == "crowded" else _MARGIN + _BETWEEN_ROWS
    tall = size - 1 - 2 * above

    sheets = [faces[islands == side] for side in (0, 1)]
    outlines = [outline(rest, faces, sheet) for sheet in sheets]
    cuts = [cut(rest, sheet, line) for sheet, line in zip(sheets, outlines, strict=True)]
    labels = [_named_pieces(sheet, c, o) for sheet, c, o in zip(sheets, cuts, outlines, strict=True)]
    rise = float(np.mean([len(c.crotch) / len(c.hips) for c in cuts]))
    shape = figure(*_shares(rest, sheets, labels), gap=max(GAP_TEXELS / half, GAP_SHARE), rise=rise)

    least = least_distance(sum(len(np.unique(sheet)) for sheet in sheets), size)
    spacing = Spacing(_WIDER * least, np.array([half, tall])) if layout == "spread" else None
    point_vertex, points, uv_faces, offset = [], [], np.zeros_like(faces), 0
    for side in (0, 1):
        place = np.full((len(rest), 2), np.nan)
        _place_outline(rest, outlines[side], shape, place)
        _place_cuts(rest, cuts[side], shape, place)
        vertices, flat = _flatten(rest, sheets[side], labels[side], place, spacing)
        centre = _MARGIN + half if side == 0 else size - 1 - _MARGIN - half
        points.append(flat * [half, tall] + [centre, above])
        point_vertex.append(vertices)
        uv_faces[islands == side] = np.searchsorted(vertices, sheets[side]) + offset
        offset += len(vertices)
    placed = np.concatenate(points)
    if layout == "spread":
        placed = spread_points(placed, uv_faces, size, least)
        if crossings(placed, uv_faces):
            raise UserError("parts of the UV atlas overlap when its points are spread: take the layout 'crowded'")
    atlas = Atlas(
        size=size,
        num_vertices=int(topology.num_vertices),
        faces={name: np.asarray(value, dtype=np.int32) for name, value in topology.faces.items()},
        point_vertex=np.concatenate(point_vertex).astype(np.int32),
        points=np.round(placed, 9),
        uv_faces=uv_faces.astype(np.int32),
    )
    flipped = int((signed_areas(atlas) <= 0).sum())
    if flipped:
        raise UserError(f"{flipped} triangles of the UV atlas are flipped: use a topology whose islands are disks")
    return atlas


def signed_areas(atlas: Atlas) -> np.ndarray:
    """Areas [Fuv] of the UV triangles in texels squared, positive when seen from outside the body."""
    a, b, c = (atlas.points[atlas.uv_faces[:, corner]] for corner in range(3))
    return -0.5 * ((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0])


PIECES = ("chest", "belly", "arm0", "arm1", "leg0", "leg1")


def _named_pieces(sheet: np.ndarray, cuts: Cuts, line: Outline) -> np.ndarray:
    """Index into PIECES of each face: a piece is known by an outline edge that it alone has."""
    raw = split(sheet, cuts)
    edge_positions = {
        "chest": line.neck[0],
        "arm0": line.wrists[0][0],
        "leg0": line.ankles[0][0],
        "leg1": line.ankles[1][0],
        "arm1": line.wrists[1][0],
        "belly": line.armpits[0],
    }
    named = np.full(raw.max() + 1, -1)
    for name, position in edge_positions.items():
        edge = (line.vertex(position), line.vertex(position + 1))
        face = np.flatnonzero((sheet == edge[0]).any(1) & (sheet == edge[1]).any(1))[0]
        named[raw[face]] = PIECES.index(name)
    if (named < 0).any():
        raise UserError("a UV island's limbs cannot be told apart: mend the body topology's islands")
    return named[raw]


def _shares(rest: np.ndarray, sheets: list[np.ndarray], labels: list[np.ndarray]) -> tuple[float, float, float]:
    """Of chest, belly and both arms: half by area, half by number of faces, over both islands."""
    faces, label = np.concatenate(sheets), np.concatenate(labels)
    area = face_areas(rest, faces)
    share = 0.5 * np.bincount(label, area, 6) / area.sum() + 0.5 * np.bincount(label, minlength=6) / len(label)
    return share[0], share[1], share[2] + share[3]


def _flatten(
    rest: np.ndarray, sheet: np.ndarray, labels: np.ndarray, place: np.ndarray, spacing: Spacing | None
) -> tuple[np.ndarray, np.ndarray]:
    """Vertices [N] of one island, sorted, and their places [N, 2] in the layout's units.

    `place` [V, 2] holds those of the outline and the cuts, and is filled.
    """
    fixed = ~np.isnan(place[:, 0])
    for piece in range(len(PIECES)):
        faces = sheet[labels == piece]
        rim = np.unique(faces)
        rim = rim[fixed[rim]]
        flat, vertices = embed(rest, faces, rim, place[rim], spacing)
        place[vertices] = flat
    vertices = np.unique(sheet)
    return vertices, place[vertices]


def _place_cuts(rest: np.ndarray, cuts: Cuts, shape: Figure, place: np.ndarray) -> None:
    """Write the cuts' places: straight lines between the junctions."""

    def straight(path: np.ndarray) -> None:
        lengths = np.linalg.norm(np.diff(rest[path], axis=0), axis=1)
        place[path] = along([place[path[0]], place[path[-1]]], lengths, 0.0)

    first, second = (int(np.flatnonzero(cuts.chest == arm[-1])[0]) for arm in cuts.arms)
    for junction, steps in ((first, first), (second, len(cuts.chest) - 1 - second)):
        if steps:
            armpit = shape.armpit * [1.0 if junction == first else -1.0, 1.0]
            place[cuts.chest[junction]] = armpit - [0, min(steps * JUNCTION, 0.5 * (shape.armpit - shape.shoulder)[1])]
    fork = int(np.flatnonzero(cuts.hips == cuts.crotch[-1])[0])
    place[cuts.hips[fork]] = shape.fork
    for stops, path in (
        ((0, first, second, len(cuts.chest) - 1), cuts.chest),
        ((0, fork, len(cuts.hips) - 1), cuts.hips),
    ):
        for start, end in zip(stops[:-1], stops[1:], strict=True):
            if end > start:
                straight(path[start : end + 1])
    for path in (*cuts.arms, cuts.crotch):
        straight(path)


def _place_outline(rest: np.ndarray, line: Outline, shape: Figure, place: np.ndarray) -> None:
    """Write the outline's places: side 0 to the left, side 1 mirrored to the right."""
    mirror = np.array([-1.0, 1.0])
    count = len(line.loop)

    def stretch(first: int, last: int, corners: list[np.ndarray]) -> None:
        path = line.loop[np.arange(first, last + 1) % count]
        lengths = np.linalg.norm(np.diff(rest[path], axis=0), axis=1)
        place[path] = along(corners, lengths, BULGE)

    s = shape
    stretch(*line.neck, [s.neck * mirror, s.neck])
    for side, towards_neck in ((0, line.neck[1]), (1, count + line.neck[0])):
        outer, inner = line.wrists[side][:: 1 - 2 * side]
        outside, inside = line.ankles[side][:: 1 - 2 * side]
        for first, last, corners in (
            (towards_neck, line.shoulders[side], [s.neck, s.shoulder]),
            (line.shoulders[side], outer, [s.shoulder, s.wrist_outer]),
            (outer, inner, [s.wrist_outer, s.wrist_inner]),
            (inner, line.armpits[side], [s.wrist_inner, s.armpit]),
            (line.armpits[side], line.hips[side], [s.armpit, s.hip]),
            (line.hips[side], outside, [s.hip, s.knee, s.ankle_outer]),
            (outside, inside, [s.ankle_outer, s.ankle_inner]),
            (inside, line.crotch, [s.ankle_inner, s.crotch]),
        ):
            if side == 0:
                stretch(first, last, corners)
            else:
                stretch(last, first, [corner * mirror for corner in reversed(corners)])
