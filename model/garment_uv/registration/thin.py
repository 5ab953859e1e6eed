"""Parts of a garment that the usual rules leave bare: straps and strings narrower than the body's own faces (ours).

Majority rules that keep borders smooth also rub out what is one face wide; a face under each bare point brings it back.
"""

import igl
import numpy as np

from garment_uv.geometry.normals import face_areas
from garment_uv.registration.correspond import OUTWARD_M, Correspondence
from garment_uv.registration.domain import Domain
from garment_uv.registration.surface import GarmentSurface

BARE_M = 0.010
"""A part of the garment farther than this, and than a median edge of the body, from what is registered is bare."""
BARE_SHARE = 0.01
"""Share of the garment's area that may stay bare: seams, hems and folds are never met exactly."""


def bare_points(domain: Domain, garment: GarmentSurface, found: Correspondence, worn: np.ndarray) -> np.ndarray:
    """Points [N, 3] metres of the garment that the vertices `worn` [V] leave bare; none where it is little enough."""
    centres = np.ascontiguousarray(garment.vertices[garment.faces].mean(axis=1))
    faces = domain.faces[worn[domain.faces].all(axis=1)]
    if not len(faces):
        return centres
    squared, _, _ = igl.point_mesh_squared_distance(centres, found.attachment.positions(garment.vertices), faces)
    bare = squared > max(BARE_M, domain.median_edge) ** 2
    areas = face_areas(garment.vertices, garment.faces)
    return centres[bare] if areas[bare].sum() > BARE_SHARE * areas.sum() else centres[:0]


def faces_under(domain: Domain, points: np.ndarray) -> np.ndarray:
    """The vertices [V] of the body's faces nearest to `points` [N, 3], bool; none where they are out of reach."""
    squared, face, _ = igl.point_mesh_squared_distance(points, domain.vertices, domain.faces)
    wanted = np.zeros(len(domain.vertices), dtype=bool)
    wanted[domain.faces[face[squared < OUTWARD_M**2]]] = True
    return wanted
