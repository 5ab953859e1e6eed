"""From vertices on the body topology to one mesh per garment."""

import numpy as np

from garment_uv.classes import CLASS_IDS
from garment_uv.geometry.edges import side_lengths
from garment_uv.samples.sample import Sample
from garment_uv.uv.atlas import Atlas


def garment_meshes(
    atlas: Atlas, vertices: np.ndarray, vertex_classes: np.ndarray, topology: str, max_edge_m: float | None = None
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Each garment's (vertices [N, 3], faces int32 [F, 3]), in the order of the classes.

    A garment is the faces of `topology` whose three vertices bear its class in `vertex_classes` [V]; a class
    without such a face is left out. `vertices` [V, 3] are body plus displacement, metres; unused ones are dropped.
    `max_edge_m` leaves out faces with an edge longer than that: 0.1 m is published for CLOTH3D's registered
    meshes. None, the default, keeps all: dropping tears holes into wide skirts and raised their S2S.
    """
    vertices, vertex_classes = np.asarray(vertices), np.asarray(vertex_classes)
    faces = kept_faces(atlas.faces[topology], vertices, max_edge_m)
    corners = vertex_classes[faces]
    alike = (corners == corners[:, :1]).all(axis=1)
    found = {}
    for name, number in CLASS_IDS.items():
        chosen = faces[alike & (corners[:, 0] == number)]
        if len(chosen):
            used, local = np.unique(chosen, return_inverse=True)
            found[name] = (vertices[used], local.reshape(-1, 3).astype(np.int32))
    return found


def sample_meshes(
    atlas: Atlas,
    sample: Sample,
    displacement: np.ndarray,
    vertex_classes: np.ndarray | None = None,
    max_edge_m: float | None = None,
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """`garment_meshes` of a sample's body plus `displacement` [V, 3]; its own classes unless given."""
    classes = sample.vertex_classes if vertex_classes is None else vertex_classes
    return garment_meshes(atlas, sample.body_vertices + displacement, classes, sample.topology, max_edge_m)


def kept_faces(faces: np.ndarray, vertices: np.ndarray, max_edge_m: float | None) -> np.ndarray:
    """The faces [F, 3] whose edges are no longer than `max_edge_m` metres; all of them for None."""
    if max_edge_m is None:
        return faces
    return faces[side_lengths(vertices, faces).max(axis=1) <= max_edge_m]
