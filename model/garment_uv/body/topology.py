"""The surface that garments are registered on and UV maps are made of: a body without head, hands and feet."""

import hashlib
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from garment_uv.body.protocol import BodyModel, BodyParameters
from garment_uv.body.skeleton import REST_POSE
from garment_uv.body.skirt_faces import bridge, inner_strip, strip_borders
from garment_uv.body.torso import check_joints, find_seams, front_and_back, openings, torso_faces
from garment_uv.geometry.edges import midpoint_matrix, refine_path, subdivide_midpoints


@dataclass(frozen=True)
class BodyTopology:
    """Vertices and faces shared by every sample of one body model."""

    num_vertices: int
    """V."""
    faces: dict[str, np.ndarray]
    """'default' and 'skirt' (legs joined): int32 [F, 3], counter-clockwise seen from outside."""
    islands: np.ndarray
    """int8 [F] of the default faces: 0 front, 1 back; each island is one disk."""
    subdivide: sparse.csr_matrix
    """float32 CSR [V, V_body]: takes the body model's vertices to the topology's."""
    rest: np.ndarray
    """float32 [V, 3] mean of both genders' rest bodies at mean shape, z-up facing -y, metres."""
    digest: str
    """Hex digest of the faces, the islands and `subdivide`."""

    def vertices(self, body_vertices: np.ndarray) -> np.ndarray:
        """The topology's vertices float32 [V, 3] for a body's vertices [V_body, 3], in the same frame.

        Takes [T, V_body, 3] too and then answers [T, V, 3].
        """
        body = np.asarray(body_vertices, dtype=np.float32)
        if body.shape[-2:] != (self.subdivide.shape[1], 3) or body.ndim not in (2, 3):
            raise ValueError(f"body vertices have shape {body.shape}, wanted [{self.subdivide.shape[1]}, 3]")
        if body.ndim == 2:
            return self.subdivide @ body
        return np.stack([self.subdivide @ frame for frame in body])


def build_topology(body: BodyModel, subdivisions: int = 1) -> BodyTopology:
    """Topology of any body whose joints are SMPL's: cut at neck, wrists and ankles, parted into front and back.

    Each subdivision makes four faces of one by midpoints, which leaves the surface where it is. ValueError when the
    body cannot be cut so (not a closed surface there), or subdivisions is negative.
    """
    if subdivisions < 0:
        raise ValueError(f"subdivisions is 0 or more, was given {subdivisions}")
    rest, joints = _mean_rest(body)
    check_joints(joints)
    faces = body.faces[torso_faces(rest, joints, body.faces)]
    used, flat = np.unique(faces, return_inverse=True)
    faces = flat.reshape(faces.shape).astype(np.int32)
    points = rest[used]
    matrix = sparse.identity(len(rest), format="csr", dtype=np.float32)[used]

    seams = find_seams(points, faces, openings(points, joints, faces))
    islands = front_and_back(points, faces, seams)
    strip = inner_strip(faces, seams["inner_legs"])
    borders = [*strip_borders(faces, strip, islands)]

    for _ in range(subdivisions):
        finer, edges = subdivide_midpoints(faces, len(points))
        refine = midpoint_matrix(edges, len(points))
        borders = [refine_path(border, edges, len(points)) for border in borders]
        faces, points, matrix = finer, refine @ points, refine @ matrix
        islands, strip = np.repeat(islands, 4), np.repeat(strip, 4)

    skirt = np.concatenate([faces[~strip], *(bridge(points, border) for border in borders)])
    both = {"default": faces, "skirt": skirt.astype(np.int32)}
    matrix = matrix.tocsr()
    matrix.sort_indices()
    return BodyTopology(
        num_vertices=len(points),
        faces=both,
        islands=islands,
        subdivide=matrix,
        rest=points.astype(np.float32),
        digest=_digest(both, islands, matrix),
    )


def _mean_rest(body: BodyModel) -> tuple[np.ndarray, np.ndarray]:
    """Mean over the genders of the rest vertices [V_body, 3] and joints [24, 3] at mean shape."""
    shape = np.zeros(10, dtype=np.float32)
    subjects = [BodyParameters(gender, shape, REST_POSE) for gender in (0, 1)]
    vertices = np.stack([body.rest(subject) for subject in subjects])
    joints = np.stack([body.joints(subject) for subject in subjects])
    return vertices.mean(axis=0, dtype=np.float64), joints.mean(axis=0, dtype=np.float64)


def _digest(faces: dict[str, np.ndarray], islands: np.ndarray, matrix: sparse.csr_matrix) -> str:
    digest = hashlib.sha256()
    for array, kind in (
        (faces["default"], "<i4"), (faces["skirt"], "<i4"), (islands, "i1"), (matrix.indptr, "<i8"),
        (matrix.indices, "<i8"), (matrix.data, "<f4"),
    ):  # fmt: skip
        digest.update(np.ascontiguousarray(array, dtype=kind).tobytes())
    return digest.hexdigest()[:16]
