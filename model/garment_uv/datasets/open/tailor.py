"""From a cut to a garment pattern: a mesh whose vertices are fixed combinations of the helper layers' vertices. Ours.

Uppers, trousers and jumpsuits are cut out of the subdivided tights. Skirts and dresses take the tights down to the
hips and hang a tube of the skirt layer's surface from that border, so that the two join without a seam.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy.sparse as sp

from garment_uv.body.helper_layers import HelperLayer
from garment_uv.datasets.open._fit import SKIRT_JOIN, fit, limit
from garment_uv.datasets.open._mesh import border_vertices, clip, neighbour_mean, subdivide
from garment_uv.datasets.open._skirt import SkirtSurface
from garment_uv.datasets.open._tube import hem_rise, make_tube, pleat_offsets
from garment_uv.datasets.open.necklines import neck_field
from garment_uv.datasets.open.outfits import GarmentCut
from garment_uv.datasets.open.sewable import CannotSew, check_cut, check_piece

LEAST_VERTICES = 3700
"""Fewest vertices of a garment, as in the dataset."""
_TRUNK = np.array([[0.0, -0.035], [0.145, 0.095]])
"""Middle and half widths of the trunk about the waist, x and y, metres."""


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
    twins: np.ndarray
    """int64 [D] for each of the last D vertices, a slit's second edge, the vertex of the first."""
    refine: sp.csr_matrix | None
    """[M, N] and `fine_faces`: one more subdivision for garments with too few vertices to store."""
    fine_faces: np.ndarray

    def pleats(self, points: np.ndarray) -> np.ndarray:
        """How far pleats push vertices at `points` [N, 3] outwards in the horizontal plane, metres, float64 [N]."""
        offsets = np.zeros(len(points))
        if self.cut.pleats:
            end = len(points) - len(self.twins)
            start = int(self.tube.argmax())
            rows = points[start:end].reshape(-1, len(self.loop), 3)
            offsets[start:end] = pleat_offsets(self.cut, rows).ravel()
            offsets[end:] = offsets[self.twins]
        return offsets

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
        """The pattern of `cut`; CannotSew where it leaves nothing, falls apart or does not go together."""
        check_cut(cut)
        weights, faces = self._weights, self._faces
        try:
            for field in self._fields(cut):
                weights, faces = clip(weights, faces, field(weights @ self._points))
        except ValueError as error:
            raise CannotSew(f"{cut.name}: cannot be sewn: {error}; its neck is too deep or it is too short") from None
        tube, loop, twins = np.zeros(weights.shape[0], dtype=bool), np.zeros(0, dtype=np.int64), np.zeros(0, np.int64)
        if cut.name in ("Skirt", "Dress"):
            hung = make_tube(self._skirt, (weights, faces), weights @ self._points, cut, LEAST_VERTICES)
            loop, twins = hung.loop, hung.twins
            weights = sp.vstack([weights, hung.weights]).tocsr()
            faces = np.concatenate([faces, hung.faces]).astype(np.int32)
            tube = np.arange(weights.shape[0]) >= len(tube)
            weights = _smooth_join(weights, faces, weights @ self._points)
        canonical = weights @ self._points
        check_piece(cut, faces, canonical)
        ease, flare, hang = fit(cut, canonical, tube)
        ease = limit(ease, canonical, tube)
        mean = neighbour_mean(faces, len(canonical))
        for _ in range(3):
            ease, hang = 0.5 * (ease + mean @ ease), 0.5 * (hang + mean @ hang)
        refine, fine = None, faces
        if len(canonical) < LEAST_VERTICES:
            refine, fine = subdivide(faces, len(canonical))
        return Pattern(cut, weights, faces, canonical, ease, flare, hang, tube, loop, twins, refine, fine)

    def _fields(self, cut: GarmentCut):
        """Scalar fields, positive where cloth stays, one per cut."""
        if cut.top is not None:
            yield lambda p: cut.top - p[:, 2]
        else:

            def arms(p: np.ndarray) -> np.ndarray:
                return np.where(p[:, 2] > 0.2, cut.sleeve - np.abs(p[:, 0]) - cut.slant * (p[:, 2] - 0.36), 0.2)

            yield neck_field(cut)
            yield arms
        bottom = SKIRT_JOIN if cut.name in ("Skirt", "Dress") else cut.bottom

        def hem(p: np.ndarray) -> np.ndarray:
            trunk = (np.abs(p[:, 0]) <= 0.3) | (p[:, 2] <= 0.2)
            low: float | np.ndarray = bottom
            if cut.top is None and (cut.tilt or cut.dip) and bottom == cut.bottom:
                across, behind = np.clip((p[:, :2] - _TRUNK[0]) / _TRUNK[1], -1.0, 1.0).T
                low = bottom + hem_rise(cut, across, behind)
            return np.where(trunk, p[:, 2] - low, 1.0)

        yield hem


def _smooth_join(weights: sp.csr_matrix, faces: np.ndarray, points: np.ndarray) -> sp.csr_matrix:
    """Even out the surface around the skirt's join, leaving the garment's borders alone."""
    mean = neighbour_mean(faces, len(points))
    share = 0.9 * np.exp(-(((points[:, 2] - SKIRT_JOIN + 0.07) / 0.09) ** 4))
    share[border_vertices(faces)] = 0.0
    step = sp.diags(1 - share) + sp.diags(share) @ mean
    for _ in range(12):
        weights = step @ weights
    return weights.tocsr()
