"""Registration of an outfit onto the body topology: once per sequence, then applied to every frame."""

from dataclasses import dataclass

import numpy as np

from garment_uv.body.topology import BodyTopology
from garment_uv.classes import CLASS_IDS, topology_of
from garment_uv.errors import UserError
from garment_uv.geometry.s2s import Mesh
from garment_uv.registration.correspond import Correspondence, correspond, refill, snap
from garment_uv.registration.domain import Domain, body_domain
from garment_uv.registration.masks import bare_points, clean, faces_under, ring
from garment_uv.registration.surface import Attachment, GarmentSurface, RestPlacement, garment_surface, rest_placement

UPPER_FIRST = ("Top", "Tshirt", "Jumpsuit", "Dress", "Trousers", "Skirt")
"""Where two garments cover one vertex, the one that stands first wears it (ours)."""
SNAP_EDGES = 3.0
"""A border farther from the covered region than so many median edges of the body is left alone."""

BARE_ROUNDS = 3
"""Times that what a garment leaves bare is looked for and covered."""


@dataclass(frozen=True)
class RestOutfit:
    """One subject's rest body and the garments on it."""

    domain: Domain
    placement: RestPlacement
    """How the garments' rest vertices were turned and moved to meet the rest body."""
    surfaces: dict[str, GarmentSurface]
    """By class, as `UPPER_FIRST` has them."""


@dataclass(frozen=True)
class Registration:
    """Which point of which garment each body-topology vertex follows, through the whole sequence."""

    topology_name: str
    """'default' or 'skirt': the key of `faces` that the outfit needs."""
    vertex_classes: np.ndarray
    """uint8 [V] class ids, 0 for vertices that no garment covers."""
    corners: np.ndarray
    """int32 [V, 3] vertices of the garment's triangle that the point lies in; 0 where no garment covers."""
    weights: np.ndarray
    """float32 [V, 3] barycentric weights; 0 where no garment covers."""
    placement: RestPlacement
    """How the garments' rest vertices were turned and moved to meet the rest body."""

    @property
    def garments(self) -> tuple[str, ...]:
        """The garments that cover a vertex, in the order of the classes."""
        return tuple(name for name, number in CLASS_IDS.items() if (self.vertex_classes == number).any())

    def apply(self, garment_frames: dict[str, np.ndarray]) -> np.ndarray:
        """The garment's position at each covered vertex, float32 [V, 3]; zero elsewhere.

        `garment_frames`: each garment's vertices [N, 3] in one frame. UserError for one absent or with too few.
        """
        result = np.zeros((len(self.vertex_classes), 3), dtype=np.float32)
        for name in self.garments:
            if name not in garment_frames:
                raise UserError(
                    f"garment {name} is registered but absent from the frame: was given {sorted(garment_frames)}"
                )
            worn = self.vertex_classes == CLASS_IDS[name]
            vertices, corners = np.asarray(garment_frames[name]), self.corners[worn]
            if corners.max() >= len(vertices):
                raise UserError(f"garment {name} has {len(vertices)} vertices in a frame, fewer than at rest")
            result[worn] = np.einsum("nk,nkc->nc", self.weights[worn], vertices[corners])
        return result


def register_outfit(
    topology: BodyTopology,
    rest_body: np.ndarray,
    garments: dict[str, Mesh],
    root_joint: np.ndarray | None = None,
    zrot: float = 0.0,
) -> Registration:
    """Register the garments of one subject, all at rest: `registration_of` what `rest_outfit` gives."""
    return registration_of(topology, rest_outfit(topology, rest_body, garments, root_joint, zrot))


def rest_outfit(
    topology: BodyTopology,
    rest_body: np.ndarray,
    garments: dict[str, Mesh],
    root_joint: np.ndarray | None = None,
    zrot: float = 0.0,
) -> RestOutfit:
    """The garments of one subject at rest, brought onto its body.

    `rest_body` [V, 3] is the topology at the subject's rest pose, `garments` maps class names to rest vertices [N, 3]
    and triangles [F, 3]; metres, z-up. Rest files may stand off the body by the subject's rest root joint
    `root_joint` [3], when it is given, and be turned by the sequence's `zrot`, radians: the placement that brings
    garments and body nearest is taken.
    Raises UserError for unknown classes and broken meshes.
    """
    if not garments:
        raise UserError("no garment to register: the outfit is empty")
    unknown = sorted(set(garments) - set(CLASS_IDS))
    if unknown:
        raise UserError(f"unknown garment {unknown[0]!r}: classes are {', '.join(CLASS_IDS)}")
    domain = body_domain(topology, rest_body, topology_of(tuple(garments)))
    rests = {name: np.asarray(vertices, dtype=np.float64) for name, (vertices, _) in garments.items()}
    placement = rest_placement(domain, rests, root_joint, zrot)
    surfaces = {
        name: garment_surface(name, placement.apply(rests[name]), garments[name][1], domain.vertices, domain.normals)
        for name in UPPER_FIRST
        if name in garments
    }
    return RestOutfit(domain, placement, surfaces)


def registration_of(topology: BodyTopology, outfit: RestOutfit) -> Registration:
    """Which point of `outfit` each vertex of the topology follows; UserError for a garment that covers nothing."""
    domain = outfit.domain
    classes = np.zeros(topology.num_vertices, dtype=np.uint8)
    corners = np.zeros((topology.num_vertices, 3), dtype=np.int32)
    weights = np.zeros((topology.num_vertices, 3), dtype=np.float32)
    for surface in outfit.surfaces.values():
        attachment, worn = _dress(topology, domain, surface, free=classes == 0)
        classes[worn] = CLASS_IDS[surface.name]
        corners[worn], weights[worn] = attachment.corners[worn], attachment.weights[worn]
    return Registration(domain.topology_name, classes, corners, weights, outfit.placement)


def _dress(
    topology: BodyTopology, domain: Domain, garment: GarmentSurface, free: np.ndarray
) -> tuple[Attachment, np.ndarray]:
    """Attachment of one garment and the `free` vertices that it wears: the clean mask and a ring on the border."""
    found = correspond(topology, domain, garment)
    mask = clean(domain.neighbours, found.covered, domain.used)
    if not mask.any():
        raise UserError(
            f"garment {garment.name} meets no body vertex at rest: its .obj is not at rest, or is of another body"
        )
    found = refill(domain, garment, found, mask)
    result, worn = _with_border(domain, garment, found, mask)
    for _ in range(BARE_ROUNDS):
        bare = bare_points(domain, garment, result, worn)
        wanted = mask | faces_under(domain, bare) if len(bare) else mask
        if not (wanted & ~mask).any():
            break
        found, mask = refill(domain, garment, found, wanted), wanted
        result, worn = _with_border(domain, garment, found, mask)
    return result.attachment, worn & free


def _with_border(
    domain: Domain, garment: GarmentSurface, found: Correspondence, mask: np.ndarray
) -> tuple[Correspondence, np.ndarray]:
    """The correspondence with the ring around `mask` [V] put onto the garment's border, and all vertices it covers."""
    outer = ring(domain.neighbours, mask) & domain.used
    edge = outer | (mask & domain.rim)
    found, snapped = snap(domain, garment, found, edge, SNAP_EDGES * domain.median_edge)
    return found, mask | (outer & snapped)
