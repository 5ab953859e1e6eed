"""The surface that garments are registered on and UV maps are made of: a body without head, hands and feet.

For Skirt and Dress its legs are joined in front and at the back, so that the cloth closes as a tube (ours).
"""

import hashlib
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from garment_uv.body.protocol import BodyModel, BodyParameters
from garment_uv.body.skeleton import REST_POSE
from garment_uv.body.torso import check_joints, find_seams, front_and_back, openings, torso_faces
from garment_uv.geometry.edges import directed_edges, midpoint_matrix, refine_path, subdivide_midpoints, unique_edges


def inner_strip(faces: np.ndarray, inner_seam: np.ndarray) -> np.ndarray:
    """Mask bool [F] of the faces that touch the inner-leg seam: those the joined legs have no room for."""
    return np.asarray(np.isin(faces, inner_seam).any(axis=1))


def strip_borders(faces: np.ndarray, strip: np.ndarray, islands: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The strip's long sides as vertex paths from the left ankle over the crotch to the right: front [N], back [M].

    Both follow the direction that the edges of the faces beside the strip have, so one of them runs from right to
    left; ValueError when the strip is not one band with two long sides.
    """
    kept = faces[~strip]
    rows = directed_edges(kept)
    _, of_row, counts = unique_edges(kept)
    open_rows = np.flatnonzero(counts[of_row] == 1)
    once_closed = {tuple(row) for row in directed_edges(faces[strip]).tolist()}
    new_rows = [row for row in open_rows if (int(rows[row, 1]), int(rows[row, 0])) in once_closed]
    following = {int(rows[row, 0]): int(rows[row, 1]) for row in new_rows}
    island_of = {int(rows[row, 0]): int(islands[~strip][row % len(kept)]) for row in new_rows}
    starts = sorted(set(following) - set(following.values()))
    if len(starts) != 2 or len(following) != len(new_rows):
        raise ValueError("the inner-leg strip is not one band with a front and a back side")
    sides = {}
    for start in starts:
        path = [start]
        while path[-1] in following:
            path.append(following[path[-1]])
        sides[round(np.mean([island_of[vertex] for vertex in path[:-1]]))] = np.array(path)
    if set(sides) != {0, 1}:
        raise ValueError("both sides of the inner-leg strip lie on one island")
    return sides[0], sides[1]


def bridge(vertices: np.ndarray, border: np.ndarray) -> np.ndarray:
    """Faces int32 [N - 2, 3] that close the gap between the two legs along one border.

    The border runs up one leg and down the other, in the direction of the edges of the faces beside it; the faces
    zip both legs together from the crotch down, each leg advancing at its own share of its length.
    """
    apex = _apex(vertices, border)
    up, down = border[apex::-1], border[apex:]
    shares = [_shares(vertices[chain]) for chain in (up, down)]
    faces = []
    i = j = 0
    while i < len(up) - 1 or j < len(down) - 1:
        rising = j == len(down) - 1 or (i < len(up) - 1 and shares[0][i + 1] <= shares[1][j + 1])
        if rising:
            faces.append((up[i], up[i + 1], down[j]))
            i += 1
        else:
            faces.append((down[j + 1], down[j], up[i]))
            j += 1
    proper = [face for face in faces if len(set(face)) == 3]
    return np.array(proper, dtype=np.int32)


def _apex(vertices: np.ndarray, border: np.ndarray) -> int:
    """Position on the border of the vertex at the crotch: nearest to the plane between the legs, not at an ankle."""
    inner = np.abs(vertices[border, 0])
    inner[[0, -1]] = np.inf
    return int(inner.argmin())


def _shares(points: np.ndarray) -> np.ndarray:
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    return np.concatenate([[0.0], np.cumsum(steps) / steps.sum()])


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
        """The topology's vertices float32 [V, 3] or [T, V, 3] of a body's [V_body, 3] or [T, V_body, 3]."""
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
