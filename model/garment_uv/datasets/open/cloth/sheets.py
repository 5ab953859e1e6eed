"""One garment as the solver takes it: its rest shape and what it is made of."""

from dataclasses import dataclass, field

import numpy as np

from garment_uv.datasets.open._mesh import split_quads
from garment_uv.datasets.open.cloth.fabrics import Fabric
from garment_uv.errors import UserError

LEAST_SHARE = 0.15
"""Least mass of a vertex, by the median of its sheet: slivers would make the solver stiff."""


class CannotSimulate(UserError):
    """Cloth that cannot be simulated; the message is the reason."""


@dataclass(frozen=True)
class Sheet:
    """Cloth at rest. CannotSimulate where it is no mesh of finite numbers in which each vertex belongs to a face."""

    name: str
    rest: np.ndarray
    """float64 [N, 3] where the cloth is unstrained, metres."""
    faces: np.ndarray
    """int32 [F, 4], a triangle repeating its last vertex."""
    fabric: Fabric
    fixed: np.ndarray
    """bool [N] vertices that go where they are told."""
    sources: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    """int64 [S] what the rest hangs from by tethers; empty: none."""
    leashed: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    """int64 [L] what goes no farther than `leash` from where it is told."""
    leash: float = 0.04
    """Metres."""
    curvature: float = 0.3
    """Share of the rest shape's angles that the cloth keeps: flat cloth has 0."""
    over: int | None = None
    """Place in the solver's list of the sheet under this one."""
    subject: int = 0
    """Who wears it: cloth of different subjects does not meet."""
    nearby: float = 0.03
    """From how far it sees what it may touch, metres."""

    def __post_init__(self) -> None:
        count = len(self.rest)
        if self.rest.shape != (count, 3) or len(self.fixed) != count:
            raise CannotSimulate(f"{self.name}: rest {self.rest.shape} and fixed {self.fixed.shape} do not fit")
        if not np.isfinite(self.rest).all():
            raise CannotSimulate(f"{self.name}: {np.sum(~np.isfinite(self.rest).all(axis=1))} rest vertices not finite")
        if len(self.faces) == 0 or self.faces.min() < 0 or self.faces.max() >= count:
            raise CannotSimulate(f"{self.name}: faces must be some of {count} vertices")
        loose = np.bincount(self.faces.ravel(), minlength=count) == 0
        if loose.any():
            raise CannotSimulate(f"{self.name}: {loose.sum()} of {count} vertices belong to no face")

    @property
    def triangles(self) -> np.ndarray:
        """int32 [T, 3]."""
        return split_quads(self.faces)

    def masses(self) -> np.ndarray:
        """float64 [N], kg."""
        triangles = self.triangles
        one, two, three = (self.rest[triangles[:, k]] for k in range(3))
        area = np.linalg.norm(np.cross(two - one, three - one), axis=1) / 2
        mass = self.fabric.density * np.bincount(triangles.ravel(), np.repeat(area / 3, 3), minlength=len(self.rest))
        return np.maximum(mass, max(LEAST_SHARE * float(np.median(mass)), 1e-9))
