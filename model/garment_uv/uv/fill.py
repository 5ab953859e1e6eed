"""Filling the canvas between the vertices by one of six methods, and on past a garment's border."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial

import cv2
import numpy as np
import scipy.sparse as sp

from garment_uv.errors import UserError
from garment_uv.geometry.edges import adjacency, spread_rings
from garment_uv.uv.atlas import Atlas
from garment_uv.uv.least_norm import barycentric, exact, least_norm
from garment_uv.uv.sampling import coverage

FULL_RINGS = 3
"""Rings around the mask that keep the full extrapolated value."""
FADE_RINGS = 4
"""Further rings over which the value falls to zero."""


@lru_cache(maxsize=4)
def atlas_adjacency(atlas: Atlas) -> sp.csr_matrix:
    """Symmetric 0/1 matrix [V, V] of the edges of all topologies' faces."""
    faces = np.concatenate([np.asarray(f, dtype=np.int64) for f in atlas.faces.values()])
    return adjacency(faces, atlas.num_vertices)


def extend(atlas: Atlas, values: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """`values` [V, C] inside `mask` [V]; outside, the mean of the inner neighbours ring by ring, fading to 0 (ours)."""
    values, everywhere = np.asarray(values, dtype=np.float64), np.ones(len(mask), bool)
    known = np.array(mask, dtype=bool)
    result, ring = spread_rings(atlas_adjacency(atlas), values, known, everywhere, FULL_RINGS + FADE_RINGS)
    past = [max(0, number - FULL_RINGS) / (FADE_RINGS + 1) for number in range(FULL_RINGS + FADE_RINGS + 1)]
    factor = np.array([0.5 * (1 + np.cos(np.pi * each)) for each in past] + [0.0])
    return result * factor[ring][:, None]


INPAINT_RADIUS = 3.0


def fill(atlas: Atlas, values: np.ndarray, mask: np.ndarray, method: str = "least_norm") -> np.ndarray:
    """The map float32 [C, U, U] of vertex values [V, C], in their unit (metres).

    `mask` [V] says which vertices carry a garment; around them values are extrapolated over a few rings and then fade
    to zero, so that reading a masked vertex never meets a cliff. UserError for an unknown method, ValueError for wrong
    shapes or a value not finite.
    """
    if method not in METHODS:
        raise UserError(f"unknown fill {method!r}: choose one of {', '.join(METHODS)}")
    values, mask = np.asarray(values, dtype=np.float64), np.asarray(mask, dtype=bool)
    if values.ndim != 2 or len(values) != atlas.num_vertices or mask.shape != (atlas.num_vertices,):
        raise ValueError(
            f"values {values.shape} and mask {mask.shape}: wanted [{atlas.num_vertices}, C] and [{atlas.num_vertices}]"
        )
    if not np.isfinite(values[mask]).all():
        raise ValueError("a value inside the mask is not finite")
    if method == "none":
        known = np.where(mask[:, None], np.nan_to_num(values), 0.0)
    else:
        known = extend(atlas, values, mask)
    texels = METHODS[method](atlas, known)
    return np.ascontiguousarray(texels.T.reshape(-1, atlas.size, atlas.size), dtype=np.float32)


def body_map(atlas: Atlas, vertices: np.ndarray) -> np.ndarray:
    """The map float32 [3, U, U] of posed body vertices [V, 3], metres, whatever displacements are filled by."""
    return fill(atlas, vertices, np.ones(len(vertices), bool), "least_norm")


@dataclass(frozen=True)
class _Splat:
    """Where vertices are written (mean of those that share a texel) and which texels inpainting fills."""

    average: sp.csr_matrix
    hit: np.ndarray
    gap: np.ndarray


@lru_cache(maxsize=8)
def _splat(atlas: Atlas) -> _Splat:
    size = atlas.size
    texel = np.rint(atlas.points).astype(np.int64)
    flat = texel[:, 1] * size + texel[:, 0]
    count = np.bincount(flat, minlength=size * size)
    entries = (1.0 / count[flat], (flat, atlas.point_vertex))
    average = sp.coo_matrix(entries, shape=(size * size, atlas.num_vertices)).tocsr()
    gap = np.zeros(size * size, dtype=bool)
    gap[coverage(atlas).texels] = True
    hit = count > 0
    return _Splat(average, hit, gap & ~hit)


def _none(atlas: Atlas, values: np.ndarray) -> np.ndarray:
    """Only the texel nearest to each vertex is written; the rest is zero."""
    return _splat(atlas).average @ values


def _inpaint(flag: int, atlas: Atlas, values: np.ndarray) -> np.ndarray:
    """OpenCV's inpainting between vertices' texels: fast marching (Telea 2004), or a fluid's (Bertalmio et al. 2001).

    One float channel at a time, scaled to 0..255: in metres it overshoots by metres. The void around the islands is
    inpainted too and dropped after, so that its zeros do not bleed into the gutter.
    """
    splat, size = _splat(atlas), atlas.size
    texels = splat.average @ values
    unknown = (~splat.hit).reshape(size, size).astype(np.uint8)
    for channel in range(values.shape[1]):
        low, high = values[:, channel].min(), values[:, channel].max()
        if high <= low:
            texels[splat.gap, channel] = low
            continue
        scaled = ((texels[:, channel] - low) * (255.0 / (high - low))).clip(0.0, 255.0)
        picture = scaled.reshape(size, size).astype(np.float32)
        picture = cv2.inpaint(picture, unknown, INPAINT_RADIUS, flag).ravel().clip(0.0, 255.0)
        texels[splat.gap, channel] = picture[splat.gap] * ((high - low) / 255.0) + low
    return texels


METHODS: dict[str, Callable[[Atlas, np.ndarray], np.ndarray]] = {
    "exact": exact,
    "least_norm": least_norm,
    "barycentric": barycentric,
    "telea": partial(_inpaint, cv2.INPAINT_TELEA),
    "navier_stokes": partial(_inpaint, cv2.INPAINT_NS),
    "none": _none,
}
"""The fill methods by name: texels [U * U, C] of an atlas and values [V, C]."""
