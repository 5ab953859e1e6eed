"""From body vertices to points on one garment at rest: rays first, nearest points where they fail (ours)."""

from dataclasses import dataclass, replace

import numpy as np

from garment_uv.body.topology import BodyTopology
from garment_uv.classes import SKIRT_TOPOLOGY_CLASSES
from garment_uv.geometry.edges import spread_rings
from garment_uv.geometry.rays import Hits, first_hits
from garment_uv.registration.domain import Domain
from garment_uv.registration.surface import Attachment, GarmentSurface
from garment_uv.registration.tube import tube_directions

OUTWARD_M = 0.15
"""Farthest that cloth hangs from the body along its normal, away from skirts."""
INWARD_M = 0.02
"""Deepest that cloth cuts into the body."""
SKIRT_M = 1.5
"""Farthest that a skirt stands from its axis."""
FACING = 0.2
"""Least cosine between a ray and the normal of the face it meets."""
NEAREST_M = 0.08
"""Farthest nearest point that counts without a ray."""
OUTLIER_M = 0.05
"""A displacement that differs more than this from its neighbours' is dropped and filled from them."""


@dataclass(frozen=True)
class Correspondence:
    """What one garment is to each body vertex."""

    attachment: Attachment
    """The point of the garment, [V]."""
    covered: np.ndarray
    """bool [V] whether the garment covers the vertex."""
    around: np.ndarray
    """bool [V] whether the vertex is spread around a skirt, so that it is far from its point of the garment."""


def correspond(topology: BodyTopology, domain: Domain, garment: GarmentSurface) -> Correspondence:
    """The correspondence of a garment at rest with the body's vertices."""
    face, weights = _along_normals(domain, garment)
    if garment.name in SKIRT_TOPOLOGY_CLASSES and domain.topology_name == "skirt":
        rays = tube_directions(topology, domain, garment.vertices)
        hits = first_hits(
            garment.vertices, garment.faces, rays.origins, rays.directions, np.full(len(rays.share), SKIRT_M)
        )
        hits = _facing(hits, garment, rays.directions)
        around = rays.share > 0
        face = np.where(around, hits.face, face)
        weights = np.where(around[:, None], hits.weights, weights)
    else:
        around = np.zeros(len(face), dtype=bool)
    covered = (face >= 0) & domain.used

    distance, near_face, near, on_border = garment.nearest(domain.vertices)
    facing = (garment.normals[near_face] * domain.normals).sum(1) > FACING
    adopted = ~covered & ~around & domain.used & facing & ~on_border & (distance < NEAREST_M)
    face = np.where(face < 0, 0, face)
    attachment = Attachment(
        np.where(adopted[:, None], near.corners, garment.faces[face]), np.where(adopted[:, None], near.weights, weights)
    )
    covered |= adopted
    covered &= ~_outliers(domain, attachment.positions(garment.vertices), covered, around)
    return Correspondence(attachment, covered, around)


def refill(domain: Domain, garment: GarmentSurface, found: Correspondence, wanted: np.ndarray) -> Correspondence:
    """Cover exactly the `wanted` [V] vertices; new ones take the point nearest to where their neighbours put them."""
    missing = np.flatnonzero(wanted & ~found.covered)
    known = found.covered & wanted
    if not len(missing) or not known.any():
        return replace(found, covered=wanted)
    _, _, near, _ = garment.nearest(_guess(domain, garment, found, known, wanted)[missing])
    return replace(found, attachment=_with(found.attachment, missing, near), covered=wanted)


def snap(
    domain: Domain, garment: GarmentSurface, found: Correspondence, ring: np.ndarray, reach: float
) -> tuple[Correspondence, np.ndarray]:
    """Put the vertices of `ring` onto the garment's border where it is within `reach` metres; which were, bool [V]."""
    chosen = np.flatnonzero(ring)
    snapped = np.zeros(len(ring), dtype=bool)
    if not len(chosen) or not found.covered.any():
        return found, snapped
    guess = _guess(domain, garment, found, found.covered, found.covered | ring)[chosen]
    distance, near = garment.nearest_border(guess)
    close = distance <= reach
    snapped[chosen[close]] = True
    taken = Attachment(near.corners[close], near.weights[close])
    return replace(found, attachment=_with(found.attachment, chosen[close], taken)), snapped


def _with(attachment: Attachment, rows: np.ndarray, other: Attachment) -> Attachment:
    corners, weights = attachment.corners.copy(), attachment.weights.copy()
    corners[rows], weights[rows] = other.corners, other.weights
    return Attachment(corners, weights)


def _guess(
    domain: Domain, garment: GarmentSurface, found: Correspondence, known: np.ndarray, wanted: np.ndarray
) -> np.ndarray:
    """Where the garment should be at `wanted` vertices: moved like `known` neighbours, around a skirt beside them."""
    places = found.attachment.positions(garment.vertices)
    moved = domain.vertices + spread_rings(domain.neighbours, places - domain.vertices, known, wanted)[0]
    if not found.around.any():
        return moved
    beside, _ = spread_rings(domain.neighbours, places, known, wanted)
    return np.where(found.around[:, None], beside, moved)


def _along_normals(domain: Domain, garment: GarmentSurface) -> tuple[np.ndarray, np.ndarray]:
    """Face [V], -1 for none, and weights [V, 3] met along the body's normals, outward preferred."""
    points, normals = domain.vertices, domain.normals
    reach = np.full(len(points), OUTWARD_M)
    body = first_hits(points, domain.body_faces, points + 0.002 * normals, normals, reach)
    out = _facing(first_hits(garment.vertices, garment.faces, points, normals, reach), garment, normals)
    hidden = out.distance > body.distance + 0.002
    back = first_hits(garment.vertices, garment.faces, points, -normals, np.full(len(points), INWARD_M))
    back = _facing(back, garment, normals)
    inward = (back.face >= 0) & ((out.face < 0) | hidden | (out.distance > back.distance + 0.03))
    face = np.where(inward, back.face, np.where(hidden, -1, out.face))
    return face, np.where(inward[:, None], back.weights, out.weights)


def _facing(hits: Hits, garment: GarmentSurface, directions: np.ndarray) -> Hits:
    """The hits on faces whose outward normal agrees with the direction."""
    agrees = (garment.normals[np.maximum(hits.face, 0)] * directions).sum(1) > FACING
    good = agrees & (hits.face >= 0)
    return Hits(np.where(good, hits.face, -1), hits.weights, np.where(good, hits.distance, np.inf))


def _outliers(domain: Domain, where: np.ndarray, covered: np.ndarray, exempt: np.ndarray) -> np.ndarray:
    displacement = where - domain.vertices
    count = domain.neighbours @ covered.astype(float)
    mean = (domain.neighbours @ (displacement * covered[:, None])) / np.maximum(count, 1.0)[:, None]
    return covered & ~exempt & (count > 0) & (np.linalg.norm(displacement - mean, axis=1) > OUTLIER_M)
