"""From a cut to a garment pattern: a mesh whose vertices are fixed combinations of the helper layers' vertices. Ours.

Uppers, trousers and jumpsuits are cut out of the subdivided tights. Skirts and dresses take the tights down to the
hips and hang a tube of the skirt layer's surface from that border, so that the two join without a seam.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy.sparse as sp

from garment_uv.body.helper_layers import HelperLayer
from garment_uv.datasets.open._mesh import border_vertices, clip, neighbour_mean, subdivide
from garment_uv.datasets.open._skirt import SkirtSurface
from garment_uv.datasets.open.outfits import GarmentCut

LEAST_VERTICES = 3700
"""Fewest vertices of a garment, as in the dataset."""
SKIRT_JOIN = -0.025
"""Height at which the skirt's tube begins, metres."""
BAND = 0.0035
"""Ease of a waistband or cuff, metres."""


@dataclass(frozen=True)
class Pattern:
    """A cut garment on the mean subject: what stays the same whoever wears it, in whatever pose."""

    cut: GarmentCut
    weights: sp.csr_matrix
    """[N, H] of each garment vertex on the stacked helper vertices (tights, then skirt); rows add to one."""
    faces: np.ndarray
    """int32 [F, 4], a triangle repeating its last vertex."""
    canonical: np.ndarray
    """float64 [N, 3] on the mean subject in T-pose, metres."""
    ease: np.ndarray
    """float64 [N] distance from the helper layer along its normal, metres."""
    flare: np.ndarray
    """float64 [N] distance outwards in the horizontal plane, metres."""
    hang: np.ndarray
    """float64 [N] 0 where the garment sits firmly on the body to 1 where it hangs freely."""
    tube: np.ndarray
    """bool [N] the vertices of a skirt's tube, in rows of `len(loop)` from the top."""
    loop: np.ndarray
    """int64 [C] the vertices that the tube's columns hang from; empty without a tube."""
    refine: sp.csr_matrix | None
    """[M, N] and `fine_faces`: one more subdivision for garments with too few vertices to store."""
    fine_faces: np.ndarray

    def stored(self, vertices: np.ndarray) -> np.ndarray:
        """Vertices [N, 3] as the files hold them, [M, 3]."""
        return vertices if self.refine is None else self.refine @ vertices


class Tailor:
    """Cuts patterns out of the helper layers of the mean subject in T-pose."""

    def __init__(self, layers: dict[str, HelperLayer], canonical: dict[str, np.ndarray]) -> None:
        """`canonical`: helper vertices of the mean subject at rest, [N, 3] by layer."""
        tights, skirt = layers["tights"], layers["skirt"]
        self._points = np.concatenate([canonical["tights"], canonical["skirt"]]).astype(np.float64)
        weights, self._faces = subdivide(tights.quads, len(canonical["tights"]))
        empty = sp.csr_matrix((weights.shape[0], len(canonical["skirt"])))
        self._weights = sp.hstack([weights, empty]).tocsr()
        self._skirt = SkirtSurface(skirt.quads, canonical["skirt"], len(canonical["tights"]), len(self._points))

    @lru_cache(maxsize=8)  # noqa: B019  a tailor lives as long as its process
    def pattern(self, cut: GarmentCut) -> Pattern:
        """The pattern of `cut`; ValueError where its cuts leave nothing."""
        weights, faces = self._weights, self._faces
        for field in self._fields(cut):
            weights, faces = clip(weights, faces, field(weights @ self._points))
        tube, loop = np.zeros(weights.shape[0], dtype=bool), np.zeros(0, dtype=np.int64)
        if cut.name in ("Skirt", "Dress"):
            weights, faces, tube, loop = self._hang_tube(weights, faces, cut)
            weights = _smooth_join(weights, faces, weights @ self._points)
        canonical = weights @ self._points
        ease, flare, hang = _fit(cut, canonical, tube)
        ease = _limit(ease, canonical, tube)
        mean = neighbour_mean(faces, len(canonical))
        for _ in range(3):
            ease, hang = 0.5 * (ease + mean @ ease), 0.5 * (hang + mean @ hang)
        refine, fine = None, faces
        if len(canonical) < LEAST_VERTICES:
            refine, fine = subdivide(faces, len(canonical))
        return Pattern(cut, weights, faces, canonical, ease, flare, hang, tube, loop, refine, fine)

    def _fields(self, cut: GarmentCut):
        """Scalar fields, positive where cloth stays, one per cut."""
        if cut.top is not None:
            yield lambda p: cut.top - p[:, 2]
        else:
            width, depth, shift = cut.neck

            def neck(p: np.ndarray) -> np.ndarray:
                centre = np.array([0.0, -shift - 0.01, 0.53])
                return np.linalg.norm((p - centre) / np.array([width, 0.09 + shift, depth]), axis=1) - 1.0

            def arms(p: np.ndarray) -> np.ndarray:
                return np.where(p[:, 2] > 0.2, cut.sleeve - np.abs(p[:, 0]) - cut.slant * (p[:, 2] - 0.36), 0.2)

            yield neck
            yield arms
        bottom = SKIRT_JOIN if cut.name in ("Skirt", "Dress") else cut.bottom
        yield lambda p: np.where((np.abs(p[:, 0]) > 0.3) & (p[:, 2] > 0.2), 1.0, p[:, 2] - bottom)

    def _hang_tube(self, weights: sp.csr_matrix, faces: np.ndarray, cut: GarmentCut):
        """Add the skirt's rows below the border at the hips; also which vertices are the tube's, and the border."""
        points = weights @ self._points
        loop = _border_loop(faces, points, SKIRT_JOIN)
        length = SKIRT_JOIN - cut.bottom
        rows = max(int(np.ceil(length / 0.0145)), int(np.ceil((LEAST_VERTICES - len(points)) / len(loop))) + 1)
        added = self._skirt.rows(weights[loop], points[loop], np.linspace(0, length, rows + 1)[1:])
        count = len(points)
        grid = np.concatenate([loop[None], count + np.arange(rows * len(loop)).reshape(rows, -1)])
        right = np.roll(grid, -1, axis=1)
        tube = np.stack([grid[1:], right[1:], right[:-1], grid[:-1]], axis=-1).reshape(-1, 4)
        is_tube = np.arange(count + rows * len(loop)) >= count
        faces = np.concatenate([faces, tube]).astype(np.int32)
        return sp.vstack([weights, added]).tocsr(), faces, is_tube, loop


def _border_loop(faces: np.ndarray, points: np.ndarray, height: float) -> np.ndarray:
    """Vertices of the border at `height` in the order that puts the garment above it, counter-clockwise from above."""
    directed = np.concatenate([faces[:, [i, (i + 1) % 4]] for i in range(4)])
    directed = directed[directed[:, 0] != directed[:, 1]]
    present = {(int(a), int(b)) for a, b in directed}
    after = {
        a: b for a, b in present if (b, a) not in present and abs(points[a, 2] - height) < 1e-6
        and abs(points[b, 2] - height) < 1e-6
    }  # fmt: skip
    start = min(after)
    loop = [start]
    while after[loop[-1]] != start:
        loop.append(after[loop[-1]])
    return np.array(loop, dtype=np.int64)


def _ramp(value: np.ndarray, start: float, end: float) -> np.ndarray:
    """0 at `start` to 1 at `end`, smooth."""
    share = np.clip((value - start) / (end - start), 0.0, 1.0)
    return share * share * (3 - 2 * share)


def _fit(cut: GarmentCut, p: np.ndarray, tube: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ease, flare and hang of each vertex of the mean subject's garment."""
    loose = cut.looseness
    reach, height = np.abs(p[:, 0]), p[:, 2]
    arm = (height > 0.2) & (reach > 0.17)
    ease = np.full(len(p), 0.006 + 0.007 * loose)
    hang = np.full(len(p), 0.12 + 0.1 * loose)
    flare = np.zeros(len(p))
    along = _ramp(reach, 0.17, 0.60)
    ease += np.where(arm, (0.006 + 0.030 * loose) * along, 0.0)
    hang += np.where(arm, (0.25 + 0.45 * loose) * along, 0.0)
    if cut.top is None:
        body = _ramp(-height, -0.34, -0.05)
        waisted = np.exp(-(((height - 0.10) / 0.07) ** 2)) if cut.name == "Dress" else 0.0
        ease += np.where(arm, 0.0, (0.004 + 0.034 * loose) * body * (1.0 - 0.85 * waisted))
        hang += np.where(arm, 0.0, (0.15 + 0.55 * loose) * body * (1.0 - 0.8 * waisted))
    else:
        band = np.exp(-(((height - cut.top) / 0.035) ** 2))
        ease = ease * (1 - band) + BAND * band
        hang = hang * (1 - band)
    if cut.name in ("Trousers", "Jumpsuit"):
        leg = _ramp(-height, 0.0, 0.85)
        ease += (0.004 + 0.034 * loose) * leg + cut.flare * leg**2
        hang += (0.2 + 0.6 * loose) * leg
    if cut.name in ("Skirt", "Dress"):
        below = np.clip((SKIRT_JOIN - height) / 0.8, 0.0, None)
        flare = np.where(tube, cut.flare * below + 0.02 * loose * _ramp(below, 0.0, 0.3), 0.0)
        hang = np.where(tube, hang * np.exp(-below * 12) + _ramp(below, 0.0, 0.25), hang)
    return ease, flare, np.clip(hang, 0.0, 1.0)


def _limit(ease: np.ndarray, p: np.ndarray, tube: np.ndarray) -> np.ndarray:
    """Less ease where it would reach through the middle between the legs."""
    inner = (~tube) & (p[:, 2] < -0.05)
    room = np.maximum(np.abs(p[:, 0]) - 0.004, 0.001)
    return np.where(inner, np.minimum(ease, 0.004 + 0.8 * room), ease)


def _smooth_join(weights: sp.csr_matrix, faces: np.ndarray, points: np.ndarray) -> sp.csr_matrix:
    """Even out the surface around the skirt's join, leaving the garment's borders alone."""
    mean = neighbour_mean(faces, len(points))
    share = 0.9 * np.exp(-(((points[:, 2] - SKIRT_JOIN + 0.07) / 0.09) ** 4))
    share[border_vertices(faces)] = 0.0
    step = sp.diags(1 - share) + sp.diags(share) @ mean
    for _ in range(12):
        weights = step @ weights
    return weights.tocsr()
