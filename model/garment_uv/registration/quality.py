"""The floor of S2S: what registration and the UV map alone lose, before any model."""

import numpy as np

from garment_uv.classes import CLASS_IDS
from garment_uv.metrics.s2s import S2S, surface_to_surface
from garment_uv.registration.register import Registration
from garment_uv.uv.atlas import Atlas
from garment_uv.uv.sampling import read_vertices


def floor_s2s(
    registration: Registration,
    atlas: Atlas,
    displacement_uv: np.ndarray,
    body_vertices: np.ndarray,
    garments: dict[str, tuple[np.ndarray, np.ndarray]],
) -> dict[str, S2S]:
    """S2S per garment, mm, of the registered garment read back from its map against the raw one, in one frame.

    `displacement_uv` [3, U, U] and `body_vertices` [V, 3] metres as in a sample; `garments` maps names to raw vertices
    [N, 3] in the same frame and triangles [F, 3]. A garment that covers no face of the topology is left out.
    """
    vertices = body_vertices + read_vertices(atlas, displacement_uv)
    faces = atlas.faces[registration.topology_name]
    result = {}
    for name, (raw_vertices, raw_faces) in garments.items():
        worn = (registration.vertex_classes[faces] == CLASS_IDS[name]).all(axis=1)
        if worn.any():
            result[name] = surface_to_surface(vertices, faces[worn], raw_vertices, raw_faces)
    return result
