"""Arrays of the solver on a device, filled from sheets."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import warp as wp

from garment_uv.datasets.open.cloth import _kernels
from garment_uv.datasets.open.cloth.constraints import angles, coloured, hinges, links, tethers
from garment_uv.datasets.open.cloth.sheets import Sheet


def array(values: np.ndarray, kind: Any, device: Any) -> wp.array:
    """`values` on the device, of warp's type `kind`."""
    plain = np.int32 if kind in (wp.int32, wp.vec2i, wp.vec4i) else np.float32
    return wp.array(np.ascontiguousarray(values, dtype=plain), dtype=kind, device=device)


def fill(target: wp.array, values: np.ndarray) -> None:
    """Put `values` into an array that is there already."""
    if target.device is not None and target.device.is_cpu:
        target.numpy()[:] = values
    else:
        target.assign(np.ascontiguousarray(values, dtype=np.float32))


def particles(sheets: Sequence[Sheet], start: np.ndarray, seconds: float, device: Any) -> Any:
    """The vertices of all sheets at `start` [N, 3], at rest, for substeps of `seconds`."""
    p = _kernels.Particles()
    p.at, p.before = array(start, wp.vec3, device), array(start, wp.vec3, device)
    p.velocity = array(np.zeros_like(start), wp.vec3, device)
    p.light = array(np.concatenate([np.where(s.fixed, 0.0, 1.0 / s.masses()) for s in sheets]), wp.float32, device)
    p.friction = array(_each(sheets, lambda s: s.fabric.friction), wp.float32, device)
    p.keeps = array(_each(sheets, lambda s: np.exp(-s.fabric.drag * seconds)), wp.float32, device)
    p.thin = array(_each(sheets, lambda s: 1.0 / s.fabric.density), wp.float32, device)
    p.facing = array(np.zeros_like(start), wp.vec3, device)
    p.subject = array(_each(sheets, lambda s: s.subject), wp.int32, device)
    return p


def fans(sheets: Sequence[Sheet], device: Any) -> Any:
    """The triangles around each vertex of all sheets."""
    pairs = zip(firsts(sheets), sheets, strict=False)
    corners = np.concatenate([sheet.triangles.astype(np.int64) + first for first, sheet in pairs])
    middle, others = corners.T.ravel(), np.concatenate([corners[:, [1, 2]], corners[:, [2, 0]], corners[:, [0, 1]]])
    order = np.argsort(middle, kind="stable")
    out = _kernels.Fans()
    out.first = array(np.concatenate([[0], np.cumsum(np.bincount(middle))]), wp.int32, device)
    out.others = array(others[order], wp.vec2i, device)
    return out


def all_links(sheets: Sequence[Sheet], device: Any) -> tuple[Any, np.ndarray]:
    """The links of all sheets by colour, and where each colour starts."""
    pairs, rows = [], []
    for first, sheet in zip(firsts(sheets), sheets, strict=False):
        own, diagonal = links(sheet.faces)
        length = np.linalg.norm(sheet.rest[own[:, 0]] - sheet.rest[own[:, 1]], axis=1)
        fabric = sheet.fabric
        give = fabric.stretch * np.where(diagonal, fabric.shear, 1.0)
        pairs.append(own + first)
        rows.append(np.stack([length, give, np.full(len(own), fabric.squash)], axis=1))
    pair, row = np.concatenate(pairs), np.concatenate(rows)
    order, starts = coloured(pair)
    out = _kernels.Links()
    out.pair = array(pair[order], wp.vec2i, device)
    out.length, out.compliance, out.squash = (array(row[order, k], wp.float32, device) for k in range(3))
    return out, starts


def all_hinges(sheets: Sequence[Sheet], device: Any) -> tuple[Any, np.ndarray]:
    """The hinges of all sheets by colour, and where each colour starts."""
    corners, rows = [], []
    for first, sheet in zip(firsts(sheets), sheets, strict=False):
        own = hinges(sheet.triangles)
        corners.append(own + first)
        rows.append(np.stack([angles(sheet.rest, own) * sheet.curvature, np.full(len(own), sheet.fabric.bend)], axis=1))
    corner, row = np.concatenate(corners), np.concatenate(rows)
    order, starts = coloured(corner)
    out = _kernels.Hinges()
    out.corners = array(corner[order], wp.vec4i, device)
    out.angle, out.compliance = (array(row[order, k], wp.float32, device) for k in range(2))
    return out, starts


def all_tethers(sheets: Sequence[Sheet], device: Any) -> tuple[wp.array, wp.array] | None:
    """Anchor and length for each vertex; None where no sheet has any."""
    anchors, reaches = [], []
    for first, sheet in zip(firsts(sheets), sheets, strict=False):
        anchor, reach = np.full(len(sheet.rest), -1), np.zeros(len(sheet.rest))
        if len(sheet.sources):
            anchor, reach = tethers(sheet.rest, links(sheet.faces)[0], sheet.sources)
        anchors.append(np.where(anchor >= 0, anchor + first, -1))
        reaches.append(reach)
    anchor = np.concatenate(anchors)
    if (anchor < 0).all():
        return None
    return array(anchor, wp.int32, device), array(np.concatenate(reaches), wp.float32, device)


def leashes(sheets: Sequence[Sheet], device: Any) -> wp.array | None:
    """How far each vertex may be from its goal, 0 without end; None where no sheet has such vertices."""
    reach = np.zeros(firsts(sheets)[-1])
    for first, sheet in zip(firsts(sheets), sheets, strict=False):
        reach[first + sheet.leashed] = sheet.leash
    return array(reach, wp.float32, device) if reach.any() else None


def contacts(vertex: np.ndarray, nearby: np.ndarray, device: Any) -> Any:
    """Room for the contacts of `vertex` [C], seen from `nearby` [C] metres."""
    out = _kernels.Contacts()
    out.vertex, out.nearby = array(vertex, wp.int32, device), array(nearby, wp.float32, device)
    out.face = array(np.full(len(vertex), -1), wp.int32, device)
    out.u, out.v = (array(np.zeros(len(vertex)), wp.float32, device) for _ in range(2))
    return out


def firsts(sheets: Sequence[Sheet]) -> np.ndarray:
    """Index of each sheet's first vertex, and the number of all, int64 [S + 1]."""
    return np.concatenate([[0], np.cumsum([len(sheet.rest) for sheet in sheets])])


def _each(sheets: Sequence[Sheet], value: Any) -> np.ndarray:
    return np.concatenate([np.full(len(sheet.rest), value(sheet)) for sheet in sheets])
