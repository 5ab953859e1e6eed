"""Whether predicted garments are meshes that anyone could use: not flipped, not exploded, outside the body.

S2S alone does not tell: a surface turned inside out has the same distances, and a few vertices far away hardly move a
mean. The body that the garment was predicted on is the reference, since both share their faces. (Ours; nothing is
published.)
"""

from dataclasses import astuple, dataclass

import igl
import numpy as np

from garment_uv.geometry.edges import side_lengths
from garment_uv.geometry.normals import face_vectors
from garment_uv.uv.atlas import Atlas


@dataclass(frozen=True)
class MeshCounts:
    """What was found in some garments' meshes. Sums of counts are counts."""

    faces: int = 0
    flipped: int = 0
    """Faces that look the other way than the same face of the body."""
    exploded: int = 0
    """Faces with an edge stretched beyond the limit."""
    vertices: int = 0
    inside: int = 0
    """Vertices inside the body."""

    def __add__(self, other: "MeshCounts") -> "MeshCounts":
        return MeshCounts(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    @property
    def flipped_share(self) -> float:
        """Of the faces, 0 to 1; 1 where there is no face, since no mesh is no sound mesh."""
        return self.flipped / self.faces if self.faces else 1.0

    @property
    def exploded_share(self) -> float:
        """Of the faces, as above."""
        return self.exploded / self.faces if self.faces else 1.0

    @property
    def inside_share(self) -> float:
        """Of the vertices, 0 to 1; 1 where there is none."""
        return self.inside / self.vertices if self.vertices else 1.0


def count_faults(
    atlas: Atlas,
    topology: str,
    body_vertices: np.ndarray,
    vertices: np.ndarray,
    vertex_classes: np.ndarray,
    stretch: float,
) -> MeshCounts:
    """The counts of all garments of one sample together.

    `body_vertices` [V, 3] are the posed body, `vertices` [V, 3] that plus displacement, finite, metres; a face whose
    three vertices are of one class in `vertex_classes` [V] is a garment's. The faces that join the legs of a skirt have
    no counterpart on the body, so they count as neither flipped nor not. An edge over `stretch` times the body's own,
    or the body's median edge if that is longer, is exploded.
    """
    faces = atlas.faces[topology]
    corners = np.asarray(vertex_classes)[faces]
    worn = faces[(corners[:, 0] > 0) & (corners == corners[:, :1]).all(axis=1)]
    used = np.unique(worn)
    if not len(used):
        return MeshCounts()
    where, body = np.asarray(vertices, np.float64), np.asarray(body_vertices, np.float64)
    own = worn if topology == "default" else worn[_on_body(atlas, worn)]
    agreement = (face_vectors(where, own) * face_vectors(body, own)).sum(axis=1)
    usual = np.median(side_lengths(body, atlas.faces["default"]))
    stretched = side_lengths(where, worn) / np.maximum(side_lengths(body, worn), usual)
    return MeshCounts(
        faces=len(worn),
        flipped=int((agreement < 0).sum()),
        exploded=int((stretched.max(axis=1) > stretch).sum()),
        vertices=len(used),
        inside=_inside(where[used], body, atlas.faces["default"]),
    )


def _on_body(atlas: Atlas, faces: np.ndarray) -> np.ndarray:
    """Which faces [F, 3] the default topology has too, bool [F]."""
    base = np.array([atlas.num_vertices**2, atlas.num_vertices, 1], np.int64)
    return np.isin(np.sort(faces, axis=1) @ base, np.sort(atlas.faces["default"], axis=1) @ base)


def _inside(points: np.ndarray, body: np.ndarray, faces: np.ndarray) -> int:
    """How many points [N, 3] lie behind the nearest point of the body's surface, by its pseudonormal there."""
    kind = igl.SIGNED_DISTANCE_TYPE_PSEUDONORMAL
    return int((igl.signed_distance(points, body, faces.astype(np.int64), kind)[0] < 0).sum())
