"""What every body model offers, whichever body it is, and the one check of what comes in."""

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

    @property
    def name(self) -> str:
        """'anny' or 'smpl'."""
        ...

    @property
    def digest(self) -> str:
        """Hex digest of what decides the vertices; two bodies of one digest are the same body."""
        ...

    @property
    def faces(self) -> np.ndarray:
        """int32 [F, 3] triangles of the whole body, counter-clockwise seen from outside."""
        ...

    def pose(self, parameters: BodyParameters) -> np.ndarray:
        """Posed vertices, float32 [V, 3]."""

    def joints(self, parameters: BodyParameters) -> np.ndarray:
        """Posed joints in SMPL's order, float32 [24, 3]; the first is the root, at the origin."""

    def rest(self, parameters: BodyParameters) -> np.ndarray:
        """Vertices of the shaped body in CLOTH3D's rest pose (`skeleton.REST_POSE`), root-relative, z-up, facing -y,
        as the garments' rest .obj before `zrot`: float32 [V, 3]. `parameters.pose` is not used."""

    def rest_root(self, parameters: BodyParameters) -> np.ndarray:
        """The root joint at rest, float64 [3] z-up metres, that the rest garments may stand off by; zero if none."""


def check_shape_and_poses(gender: int, shape: np.ndarray, poses: np.ndarray) -> None:
    """ValueError unless gender is 0 or 1, shape is finite [10] and poses are finite [T, 72]."""
    if gender not in (0, 1):
        raise ValueError(f"gender is 0 (female) or 1 (male), was given {gender!r}")
    for name, values, wanted in (("shape", np.asarray(shape), (10,)), ("poses", np.asarray(poses), (72,))):
        if values.shape[-1:] != wanted or values.ndim != (1 if name == "shape" else 2):
            raise ValueError(f"{name} has shape {values.shape}, wanted {'[10]' if name == 'shape' else '[T, 72]'}")
        if not np.isfinite(values).all():
            raise ValueError(f"{name} holds a value that is not finite")
