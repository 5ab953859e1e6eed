"""What every body model offers: the same three calls on the same parameters, whichever body it is."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np


@dataclass(frozen=True)
class BodyParameters:
    """One posed subject, in CLOTH3D's terms (SMPL's joint order), whichever body model poses it."""

    gender: int
    """0 female, 1 male."""
    shape: np.ndarray
    """float32 [10] shape coefficients."""
    pose: np.ndarray
    """float32 [72] axis-angle of the 24 joints, radians; the first three turn the root from y-up to z-up too."""


class BodyModel(Protocol):
    """A body of fixed topology. All answers are metres, z-up, root-relative, before `zrot` and `trans`."""

    name: str
    """'anny' or 'smpl'."""
    digest: str
    """Hex digest of what decides the vertices; two bodies of one digest are the same body."""
    faces: np.ndarray
    """int32 [F, 3] triangles of the whole body, counter-clockwise seen from outside."""

    def pose(self, parameters: BodyParameters) -> np.ndarray:
        """Posed vertices, float32 [V, 3]."""
        ...

    def joints(self, parameters: BodyParameters) -> np.ndarray:
        """Posed joints in SMPL's order, float32 [24, 3]; the first is the root, at the origin."""
        ...

    def rest(self, parameters: BodyParameters) -> np.ndarray:
        """Vertices of the shaped body in CLOTH3D's rest pose (`skeleton.REST_POSE`), root-relative, z-up, facing -y,
        as the garments' rest .obj before `zrot`: float32 [V, 3]. `parameters.pose` is not used."""
        ...

    def rest_root(self, parameters: BodyParameters) -> np.ndarray:
        """The root joint at rest, float64 [3] z-up metres, that the rest garments may stand off by; zero if none."""
        ...
