"""Score one outfit: every predicted surface and every true one is measured, whatever it was called.

1. A garment both predicted and there is scored against its namesake.
2. A garment that is there but was not predicted is *missing*. It is scored against the surfaces predicted
   under names that the outfit does not hold; where there are none, against all that was predicted; where
   nothing was, against the naked body, all of it.
3. A surface predicted under a name that the outfit does not hold, while nothing is missing, is added to the
   garment that it lies nearest to.

So nothing is gained by leaving a hard garment out (it is scored against surfaces that lie elsewhere), by
calling it something else (the same surface is scored), or by hiding bad vertices under another name (they are
scored still). How often garments were missing is counted beside the error. (Ours; nothing is published.)
"""

from collections.abc import Mapping, Sequence

import numpy as np

from garment_uv.classes import CLASS_IDS
from garment_uv.errors import UserError
from garment_uv.geometry.edges import side_lengths
from garment_uv.geometry.s2s import Mesh, point_to_surface, surface_to_surface
from garment_uv.metrics.aggregate import GarmentScore
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


def evaluate_sample(
    atlas: Atlas,
    sample: Sample,
    displacement: np.ndarray,
    vertex_classes: np.ndarray | None = None,
    device: str = "cpu",
    max_edge_m: float | None = None,
) -> list[GarmentScore]:
    """Scores of `displacement` [V, 3] metres against the sample's raw garments, one for each, in their order.

    On its own vertex classes or predicted ones [V]. UserError where it holds no raw garments: evaluation splits do.
    """
    if not sample.garments:
        raise UserError(f"{sample.key} holds no raw garments to score against; use an evaluation split")
    predicted = sample_meshes(atlas, sample, displacement, vertex_classes, max_edge_m)
    true = {name: (garment.vertices, garment.faces) for name, garment in sample.garments.items()}
    body = (sample.body_vertices, atlas.faces[sample.topology])
    return evaluate_meshes(predicted, true, body, device)


def evaluate_meshes(
    predicted: Mapping[str, Mesh], true: Mapping[str, Mesh], body: Mesh | None = None, device: str = "cpu"
) -> list[GarmentScore]:
    """Scores of `predicted` meshes, anyone's, against the `true` ones by class name, one for each true garment.

    `body` stands in where nothing was predicted at all; UserError where that happens without it.
    """
    missing = [name for name in true if name not in predicted]
    foreign = [mesh for name, mesh in predicted.items() if name not in true]
    matched = {name: [predicted[name]] for name in true if name in predicted}
    if foreign and not missing:
        for mesh in foreign:
            gaps = {
                name: float(point_to_surface(mesh[0], *other, device=device).mean()) for name, other in true.items()
            }
            matched[min(gaps, key=gaps.__getitem__)].append(mesh)
    stand_in = foreign or list(predicted.values()) or ([body] if body is not None else [])
    if missing and not stand_in:
        raise UserError(f"nothing was predicted for {', '.join(missing)}, and there is no body to score instead")
    scores = []
    for name, mesh in true.items():
        vertices, faces = joined_mesh(matched.get(name, stand_in))
        scores.append(GarmentScore(name, surface_to_surface(vertices, faces, *mesh, device), name in missing))
    return scores


def joined_mesh(meshes: Sequence[Mesh]) -> Mesh:
    """Several meshes as one: vertices [N, 3], faces [F, 3]."""
    offsets = np.cumsum([0] + [len(vertices) for vertices, _ in meshes[:-1]])
    faces = [faces + offset for (_, faces), offset in zip(meshes, offsets, strict=True)]
    return np.concatenate([vertices for vertices, _ in meshes]), np.concatenate(faces)
