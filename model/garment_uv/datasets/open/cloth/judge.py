"""Whether simulated cloth can be used: what is measured of a frame, and what is too much."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pydantic import Field

from garment_uv.config import Config
from garment_uv.datasets.open._mesh import edges_of
from garment_uv.datasets.open.cloth.crossings import crossed_share
from garment_uv.datasets.open.cloth.sheets import Sheet
from garment_uv.datasets.open.collider import Collider

SHORTEST = 2e-3
"""Strain is that of edges at least so long at rest, metres: a sliver's means nothing."""
DEEP = 1e-3
"""A vertex is inside the body where it is so deep, metres."""


class Limits(Config):
    """More of anything is too much."""

    strain: float = Field(default=1.0, gt=0)
    """99th percentile of the edges' relative change of length."""
    inside: float = Field(default=0.03, ge=0, le=1)
    """Share of a garment's vertices inside the body, before they are pushed out."""
    crossed: float = Field(default=0.03, ge=0, le=1)
    """Share of a garment's edges, by their length at rest, that pass through another of its faces."""
    slip: float = Field(default=0.12, gt=0)
    """How far a waist or the shoulders have left their place on the body, metres, median."""


@dataclass(frozen=True)
class Judgement:
    """One garment in one frame."""

    name: str
    strain99: float
    inside: float
    crossed: float
    slip: float

    def faults(self, limits: Limits) -> list[str]:
        """What is too much, in words."""
        measured = {
            "strain p99": (self.strain99, limits.strain),
            "share inside the body": (self.inside, limits.inside),
            "share of its edges' length that crosses it": (self.crossed, limits.crossed),
            "slip in metres": (self.slip, limits.slip),
        }
        return [
            f"{self.name}: {what} {value:.3f}, at most {most:g}"
            for what, (value, most) in measured.items()
            if not value <= most
        ]


def judge(sheet: Sheet, points: np.ndarray, body: Collider, held: np.ndarray, place: np.ndarray) -> Judgement:
    """Measure `sheet` at finite `points` [N, 3]; `held` are vertices that should be at `place` [N, 3]."""
    slip = np.linalg.norm(points[held] - place[held], axis=1)
    return Judgement(
        name=sheet.name,
        strain99=float(np.percentile(strains(sheet.rest, points, sheet.faces), 99)),
        inside=inside_share(points, body),
        crossed=crossed_share(points, sheet.faces, sheet.rest),
        slip=float(np.median(slip)) if len(slip) else 0.0,
    )


def strains(rest: np.ndarray, points: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Relative change of length, without its sign, of each edge of `faces` that counts, float64 [E]."""
    edges = edges_of(faces)
    before, now = (np.linalg.norm(x[edges[:, 0]] - x[edges[:, 1]], axis=1) for x in (rest, points))
    counts = before >= SHORTEST
    return np.abs(now[counts] / before[counts] - 1.0)


def inside_share(points: np.ndarray, body: Collider) -> float:
    """Share of `points` [N, 3] that are deeper than `DEEP` in a body."""
    return float((np.linalg.norm(body.pushed(points, 0.0) - points, axis=1) > DEEP).mean())


def faults(judgements: Sequence[Judgement], limits: Limits) -> str:
    """The first thing that is too much; empty where all is well."""
    return next((fault for judgement in judgements for fault in judgement.faults(limits)), "")
