"""A garment's rest mesh as registration sees it: outward normals, borders, nearest points, and where it stands."""

from dataclasses import dataclass
from itertools import product

import igl
import numpy as np
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from garment_uv.errors import UserError
from garment_uv.geometry.edges import adjacency, border_edges
from garment_uv.geometry.normals import face_areas, face_normals
from garment_uv.geometry.rotations import about_z
from garment_uv.registration.domain import Domain


@dataclass(frozen=True)
class Attachment:
    """Points on a mesh: corner vertices int64 [N, 3] and barycentric weights float64 [N, 3]."""

    corners: np.ndarray
    weights: np.ndarray

    def positions(self, vertices: np.ndarray) -> np.ndarray:
        """Where the points are on `vertices` [M, 3], float64 [N, 3]."""
        return np.einsum("nk,nkc->nc", self.weights, np.asarray(vertices, dtype=np.float64)[self.corners])


@dataclass(frozen=True)
class GarmentSurface:
    """One garment at rest, in the body's frame; faces turned so that normals point away from the body."""

    name: str
    vertices: np.ndarray
    """float64 [M, 3] metres."""
    faces: np.ndarray
    """int64 [F, 3]."""
    normals: np.ndarray
    """float64 [F, 3] unit normals, outward."""
    borders: np.ndarray
    """int64 [E, 2] edges that belong to one face."""

    def nearest(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, Attachment, np.ndarray]:
        """Distance [N] metres, face [N], attachment, and whether it lies on the border [N], of the nearest points."""
        squared, face, where = igl.point_mesh_squared_distance(
            np.ascontiguousarray(points, dtype=np.float64), self.vertices, self.faces
        )
        corners = self.vertices[self.faces[face]]
        weights = _clean(igl.barycentric_coordinates(where, *(np.ascontiguousarray(corners[:, c]) for c in range(3))))
        return np.sqrt(squared), face, Attachment(self.faces[face], weights), self._on_border(face, weights)

    def nearest_border(self, points: np.ndarray) -> tuple[np.ndarray, Attachment]:
        """Distance [N] metres and attachment of the nearest points on the garment's borders; infinite without any."""
        if not len(self.borders):
            return np.full(len(points), np.inf), Attachment(np.zeros((len(points), 3), int), np.zeros((len(points), 3)))
        squared, edge, where = igl.point_mesh_squared_distance(
            np.ascontiguousarray(points, dtype=np.float64), self.vertices, self.borders
        )
        start, end = self.vertices[self.borders[edge, 0]], self.vertices[self.borders[edge, 1]]
        length = np.maximum(((end - start) ** 2).sum(1), 1e-18)
        share = np.clip(((where - start) * (end - start)).sum(1) / length, 0.0, 1.0)
        corners = np.column_stack([self.borders[edge], self.borders[edge, 1]])
        return np.sqrt(squared), Attachment(corners, np.column_stack([1 - share, share, np.zeros_like(share)]))

    def _on_border(self, face: np.ndarray, weights: np.ndarray) -> np.ndarray:
        count = len(self.vertices)
        keys = np.sort(self.borders, axis=1) @ np.array([count, 1])
        result = np.zeros(len(face), dtype=bool)
        for corner in range(3):
            edge = np.sort(self.faces[face][:, [(corner + 1) % 3, (corner + 2) % 3]], axis=1) @ np.array([count, 1])
            result |= (weights[:, corner] < 1e-6) & np.isin(edge, keys)
        return result


def garment_surface(
    name: str, vertices: np.ndarray, faces: np.ndarray, body: np.ndarray, normals: np.ndarray
) -> GarmentSurface:
    """The surface of one garment, any vertex order and any number of components; UserError for a broken mesh.

    A component whose normals mostly oppose those of the body points nearest to it, `body` [V, 3], is turned round.
    """
    vertices, faces = np.asarray(vertices, dtype=np.float64), np.asarray(faces, dtype=np.int64)
    if faces.ndim != 2 or faces.shape[1] != 3 or not len(faces) or vertices.ndim != 2 or vertices.shape[1] != 3:
        raise UserError(f"garment {name} has vertices {vertices.shape} and faces {faces.shape}: wanted triangles")
    if faces.min() < 0 or faces.max() >= len(vertices):
        raise UserError(f"garment {name} has faces beyond its {len(vertices)} vertices: its .obj is damaged")
    if not np.isfinite(vertices).all():
        raise UserError(f"garment {name} has a vertex that is not finite at rest: its .obj is damaged")
    faces = faces[face_areas(vertices, faces) > 1e-12]
    if not len(faces):
        raise UserError(f"garment {name} has no face with an area: its .obj is damaged")
    faces = _outward(vertices, faces, body, normals)
    return GarmentSurface(name, vertices, faces, face_normals(vertices, faces), border_edges(faces))


def _outward(vertices: np.ndarray, faces: np.ndarray, body: np.ndarray, normals: np.ndarray) -> np.ndarray:
    centres = vertices[faces].mean(axis=1)
    _, near = cKDTree(body).query(centres)
    agreement = (face_normals(vertices, faces) * normals[near]).sum(1) * face_areas(vertices, faces)
    _, component = connected_components(adjacency(faces, len(vertices)), directed=False)
    votes = np.bincount(component[faces[:, 0]], agreement, minlength=component.max() + 1)
    turned = votes[component[faces[:, 0]]] < 0
    return np.where(turned[:, None], faces[:, ::-1], faces)


def _clean(weights: np.ndarray) -> np.ndarray:
    weights = np.clip(np.nan_to_num(weights, nan=1 / 3), 0.0, 1.0)
    return weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-12)


CLEARLY_NEARER = 0.9
"""A turned or moved placement is believed only if its mean distance is below this share of the plain one's (ours)."""


@dataclass(frozen=True)
class RestPlacement:
    """How rest vertices are brought onto the rest body: turned about z, then moved."""

    angle: float
    """Radians: 0, or -zrot where the rest files carry the sequence's zrot."""
    offset: np.ndarray
    """float64 [3] metres: 0, +J0 or -J0."""

    def apply(self, vertices: np.ndarray) -> np.ndarray:
        """Rest vertices [N, 3] where the rest body stands, float64 [N, 3]."""
        return np.asarray(vertices, np.float64) @ about_z(self.angle).T + self.offset


def rest_placement(
    domain: Domain, rests: dict[str, np.ndarray], root_joint: np.ndarray | None, zrot: float
) -> RestPlacement:
    """The placement, of those that CLOTH3D's files are known to need, that brings garments and body nearest.

    The rest .obj may be given around SMPL's own origin while the body is root-relative, or the other way round, and
    preprocessing published by the dataset's group turns it back by zrot; the distances tell. Without `root_joint` the
    offset is 0, with `zrot` 0 the angle is.
    """
    joint = np.zeros(3) if root_joint is None else np.asarray(root_joint, dtype=np.float64).reshape(3)
    offsets = [np.zeros(3), joint, -joint] if np.any(joint) else [np.zeros(3)]
    candidates = [RestPlacement(angle, offset) for angle, offset in product([0.0, -zrot] if zrot else [0.0], offsets)]
    if len(candidates) == 1:
        return candidates[0]
    points = np.concatenate([vertices[:: max(1, len(vertices) // 2000)] for vertices in rests.values()])
    distances = [_mean_distance(domain, candidate.apply(points)) for candidate in candidates]
    best = int(np.argmin(distances))
    return candidates[best] if distances[best] < CLEARLY_NEARER * distances[0] else candidates[0]


def _mean_distance(domain: Domain, points: np.ndarray) -> float:
    squared, _, _ = igl.point_mesh_squared_distance(points, domain.vertices, domain.body_faces)
    return float(np.sqrt(squared).mean())
