"""Parts of a garment that the usual rules leave bare: straps and strings narrower than the body's own faces (ours)."""

import igl
import numpy as np

from garment_uv.registration.correspond import OUTWARD_M, Correspondence, refill
from garment_uv.registration.domain import Domain
from garment_uv.registration.surface import GarmentSurface

BARE_M = 0.010
"""A part of the garment farther than this from what is registered of it is bare."""
BARE_SHARE = 0.01
"""Share of the garment's area that may stay bare: seams, hems and folds are never met exactly."""
ROUNDS = 3
"""Times that what is bare is looked for again."""


def cover_thin_parts(
    domain: Domain, garment: GarmentSurface, found: Correspondence, mask: np.ndarray
) -> tuple[Correspondence, np.ndarray]:
    """The correspondence and the covered vertices [V] with the body's faces under bare parts added.

    Majority rules that keep borders smooth also rub out what is one face wide; a face under every bare point brings
    it back. Nothing changes where the garment is registered but for `BARE_SHARE` of its area.
    """
    centres, areas = _centres_and_areas(garment)
    for _ in range(ROUNDS):
        bare = _bare(domain, garment, found, mask, centres)
        if areas[bare].sum() <= BARE_SHARE * areas.sum():
            return found, mask
        squared, face, _ = igl.point_mesh_squared_distance(centres[bare], domain.vertices, domain.faces)
        wanted = mask.copy()
        wanted[domain.faces[face[squared < OUTWARD_M**2]]] = True
        if not (wanted & ~mask).any():
            return found, mask
        found, mask = refill(domain, garment, found, wanted), wanted
    return found, mask


def _centres_and_areas(garment: GarmentSurface) -> tuple[np.ndarray, np.ndarray]:
    corners = garment.vertices[garment.faces]
    cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    return np.ascontiguousarray(corners.mean(axis=1)), 0.5 * np.linalg.norm(cross, axis=1)


def _bare(
    domain: Domain, garment: GarmentSurface, found: Correspondence, mask: np.ndarray, points: np.ndarray
) -> np.ndarray:
    """Which of `points` [N, 3] lie farther than `BARE_M` from the registered garment, bool [N]."""
    faces = domain.faces[mask[domain.faces].all(axis=1)]
    if not len(faces):
        return np.ones(len(points), dtype=bool)
    squared, _, _ = igl.point_mesh_squared_distance(points, found.attachment.positions(garment.vertices), faces)
    return squared > BARE_M**2
