"""How good a registration is: its distance to the raw mesh, what it covers, and what it folds or stretches."""

from dataclasses import dataclass

import igl
import numpy as np

from garment_uv.body.topology import BodyTopology
from garment_uv.classes import CLASS_IDS
from garment_uv.geometry.edges import side_lengths
from garment_uv.geometry.normals import face_areas
from garment_uv.geometry.s2s import S2S, Mesh, point_to_surface, surface_to_surface
from garment_uv.registration.domain import body_domain
from garment_uv.registration.register import Registration, RestOutfit
from garment_uv.registration.surface import garment_surface
from garment_uv.uv.atlas import Atlas
from garment_uv.uv.sampling import Reading, read_vertices

COVERED_M = 0.010
"""A part of the raw garment that lies within this of the registered one counts as covered (ours)."""
STRETCHED = 5.0
"""A registered face with an edge longer than so many median edges of the rest body is stretched (ours)."""


@dataclass(frozen=True)
class RestQuality:
    """What a registration makes of one garment at rest; shares from 0 to 1."""

    covered_area: float
    """Of the raw garment's area; what the rest of the outfit hides is not covered."""
    flipped_faces: float
    """Of the registered faces: they look the other way than the raw surface nearest to them."""
    stretched_faces: float
    """Of the registered faces."""


def rest_quality(
    topology: BodyTopology,
    registration: Registration,
    rest_body: np.ndarray,
    garments: dict[str, Mesh],
) -> dict[str, RestQuality]:
    """The quality of each garment that covers a face, of what `register_outfit` made of the same arguments."""
    domain = body_domain(topology, rest_body, registration.topology_name)
    placed = {name: registration.placement.apply(vertices) for name, (vertices, _) in garments.items()}
    surfaces = {
        name: garment_surface(name, placed[name], faces, domain.vertices, domain.normals)
        for name, (_, faces) in garments.items()
    }
    return outfit_quality(registration, RestOutfit(domain, registration.placement, surfaces))


def outfit_quality(registration: Registration, outfit: RestOutfit) -> dict[str, RestQuality]:
    """The quality of each garment that covers a face, of what `registration_of` made of `outfit`."""
    domain = outfit.domain
    placed = {name: surface.vertices for name, surface in outfit.surfaces.items()}
    where = registration.apply(placed).astype(np.float64)
    result = {}
    for name, raw in outfit.surfaces.items():
        faces = domain.faces[worn_faces(registration, domain.faces, name)]
        if not len(faces):
            continue
        areas = face_areas(raw.vertices, raw.faces)
        near = point_to_surface(raw.vertices[raw.faces].mean(axis=1), where, faces) <= COVERED_M
        _, nearest, _, _ = raw.nearest(where[faces].mean(axis=1))
        agrees = (igl.per_face_normals(where, faces, np.zeros(3)) * raw.normals[nearest]).sum(axis=1)
        edges = side_lengths(where, faces).max(axis=1)
        result[name] = RestQuality(
            covered_area=float(areas[near].sum() / areas.sum()),
            flipped_faces=float((agrees < 0).mean()),
            stretched_faces=float((edges > STRETCHED * domain.median_edge).mean()),
        )
    return result


def worn_faces(registration: Registration, faces: np.ndarray, name: str) -> np.ndarray:
    """Which of the topology's `faces` [F, 3] are the garment's, bool [F]."""
    return (registration.vertex_classes[faces] == CLASS_IDS[name]).all(axis=1)


def registered_s2s(registration: Registration, faces: np.ndarray, garments: dict[str, Mesh]) -> dict[str, S2S]:
    """S2S per garment, mm, of the registered garment against the raw one in one frame, before any map.

    `faces` [F, 3] of the topology; `garments` are raw meshes by name. One that covers no face is left out.
    """
    where = registration.apply({name: vertices for name, (vertices, _) in garments.items()})
    return _against_raw(registration, where, faces, garments)


def floor_s2s(
    registration: Registration,
    atlas: Atlas,
    displacement_uv: np.ndarray,
    body_vertices: np.ndarray,
    garments: dict[str, Mesh],
    reading: Reading = "bilinear",
) -> dict[str, S2S]:
    """S2S per garment, mm, of the registered garment read back from its map against the raw one, in one frame.

    `displacement_uv` [3, U, U] and `body_vertices` [V, 3] metres as in a sample, `garments` as above.
    """
    vertices = body_vertices + read_vertices(atlas, displacement_uv, reading)
    return _against_raw(registration, vertices, atlas.faces[registration.topology_name], garments)


def _against_raw(
    registration: Registration, where: np.ndarray, faces: np.ndarray, garments: dict[str, Mesh]
) -> dict[str, S2S]:
    worn = {name: faces[worn_faces(registration, faces, name)] for name in garments}
    return {name: surface_to_surface(where, worn[name], *garments[name]) for name in garments if len(worn[name])}
