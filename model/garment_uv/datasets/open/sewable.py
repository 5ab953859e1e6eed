"""Which cuts can be sewn, and what is said of the others. Ours."""

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from garment_uv.datasets.open._fit import SKIRT_JOIN
from garment_uv.datasets.open._mesh import edges_of
from garment_uv.datasets.open.cloth.sheets import CannotSimulate
from garment_uv.datasets.open.outfits import GarmentCut

LEAST_TUBE = 0.1
"""Shortest skirt below the hips, metres, at its highest point."""
LEAST_SLIT = 0.03
"""Shortest slit, metres."""
APART = 0.4
"""Least angle between two slits, radians."""
MOST_PLEATS = 36
"""A pleated skirt has 144 columns of vertices or more, and a pleat takes four."""
LOWEST_WAIST = 0.0
"""A skirt's waistband ends above the hips, where its tube begins, metres."""


_CREST = (0.41, 0.06)
"""Height above which, and distance from the middle within which, shoulders are."""


class CannotSew(CannotSimulate):
    """A cut that no garment can be made of; the message says why."""


def check_cut(cut: GarmentCut) -> None:
    """CannotSew, in one line, where parts of `cut` do not go together."""
    for wrong, why in _faults(cut):
        if wrong:
            raise CannotSew(f"{cut.name}: {why}")


def check_piece(cut: GarmentCut, faces: np.ndarray, places: np.ndarray) -> None:
    """CannotSew where the mesh of `faces` at `places` [N, 3] is more than one piece or has no shoulders."""
    edges, count = edges_of(faces), len(places)
    links = sp.csr_matrix((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(count, count))
    pieces, _ = connected_components(links, directed=False)
    if pieces > 1:
        raise CannotSew(f"{cut.name}: falls apart into {pieces} pieces; make its neck narrower or its shoulders wider")
    if cut.top is None:
        crest = (places[:, 2] > _CREST[0]) & (np.abs(places[:, 1]) < _CREST[1])
        if not all((crest & (side * places[:, 0] > 0)).any() for side in (-1, 1)):
            raise CannotSew(
                f"{cut.name}: nothing goes over its shoulders; make its neck narrower or its shoulders wider"
            )


def _faults(cut: GarmentCut) -> list[tuple[bool, str]]:
    numbers = [cut.looseness, cut.bottom, cut.top or 0.0, *cut.neck, cut.sleeve, cut.slant, cut.flare, cut.cuff]
    numbers += [cut.tilt, cut.dip, cut.pleat_width, cut.fullness or 0.0, *np.ravel(cut.slits).tolist()]
    skirted = cut.name in ("Skirt", "Dress")
    highest = cut.bottom + abs(cut.tilt) / 2 + abs(cut.dip) / 2
    angles = np.array([angle for angle, _ in cut.slits])
    gaps = np.abs(np.angle(np.exp(1j * (angles[:, None] - angles)))) + 9.0 * np.eye(len(angles))
    return [
        (not np.isfinite(numbers).all(), "its cut holds a number that is not finite"),
        (cut.top is not None and cut.top <= cut.bottom, f"its waist {cut.top} is not above its hem {cut.bottom}"),
        (
            skirted and highest > SKIRT_JOIN - LEAST_TUBE,
            f"its hem reaches {highest:.3f}; at its highest it must be {SKIRT_JOIN - LEAST_TUBE:g} or lower",
        ),
        (
            skirted and cut.top is not None and cut.top < LOWEST_WAIST,
            f"its waist {cut.top} must be at least {LOWEST_WAIST:g}",
        ),
        (
            not skirted and bool(cut.slits or cut.pleats or cut.fullness is not None),
            "only a Skirt or a Dress has pleats, gathers and slits",
        ),
        (
            not 0 <= cut.pleats <= MOST_PLEATS or cut.pleats in (1, 2),
            f"{cut.pleats} pleats; 0 or 3 to {MOST_PLEATS} are possible",
        ),
        (cut.pleat_width < 0 or (cut.fullness or 0.0) < 0, "pleats and gathers add width, they do not take it"),
        (
            any(not cut.bottom + LEAST_SLIT <= height <= SKIRT_JOIN - LEAST_SLIT for _, height in cut.slits),
            f"a slit must end between {cut.bottom + LEAST_SLIT:.3f} and {SKIRT_JOIN - LEAST_SLIT:g}, was given"
            f" {', '.join(f'{height:.3f}' for _, height in cut.slits)}",
        ),
        (bool((gaps < APART).any()), f"slits must be {APART} radians apart, were given {angles.round(2).tolist()}"),
    ]
