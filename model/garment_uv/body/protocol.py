"""What every body model offers, whichever body it is: subjects in poses, with one check of what comes in."""

from abc import ABC, abstractmethod
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np

from garment_uv.body.skeleton import REST_POSE

_CACHED_SUBJECTS = 16


@dataclass(frozen=True)
class BodyParameters:
    """One posed subject, in CLOTH3D's terms (SMPL's joint order), whichever body model poses it."""

    gender: int
    """0 female, 1 male."""
    shape: np.ndarray
    """float32 [10] shape coefficients."""
    pose: np.ndarray
    """float32 [72] axis-angle of the 24 joints, radians; the first three turn the root from y-up to z-up too."""


class BodyModel(ABC):
    """A body of fixed topology. All answers are metres, z-up, root-relative, before `zrot` and `trans`.

    Subjects (gender and shape) are cached, so that posing many frames of one costs a few milliseconds each.
    """

    name: str
    """'anny' or 'smpl'."""
    faces: np.ndarray
    """int32 [F, 3] triangles of the whole body, counter-clockwise seen from outside."""

    def __init__(self) -> None:
        self._subjects: OrderedDict[tuple[int, bytes], Any] = OrderedDict()

    @property
    @abstractmethod
    def digest(self) -> str:
        """Hex digest of what decides the vertices; two bodies of one digest are the same body."""

    @abstractmethod
    def pose_many(self, gender: int, shape: np.ndarray, poses: np.ndarray) -> np.ndarray:
        """One subject in many poses [T, 72]: float32 [T, V, 3]."""

    @abstractmethod
    def joints_many(self, gender: int, shape: np.ndarray, poses: np.ndarray) -> np.ndarray:
        """Joints of one subject in many poses [T, 72]: float32 [T, 24, 3]."""

    @abstractmethod
    def rest_root(self, parameters: BodyParameters) -> np.ndarray:
        """The root joint at rest, float64 [3] z-up metres, that the rest garments may stand off by; zero if none."""

    def pose(self, parameters: BodyParameters) -> np.ndarray:
        """Posed vertices, float32 [V, 3]."""
        return self.pose_many(parameters.gender, parameters.shape, parameters.pose[None])[0]

    def joints(self, parameters: BodyParameters) -> np.ndarray:
        """Posed joints in SMPL's order, float32 [24, 3]; the first is the root, at the origin."""
        return self.joints_many(parameters.gender, parameters.shape, parameters.pose[None])[0]

    def rest(self, parameters: BodyParameters) -> np.ndarray:
        """Vertices of the shaped body in CLOTH3D's rest pose (`skeleton.REST_POSE`), root-relative, z-up, facing -y,
        as the garments' rest .obj before `zrot`: float32 [V, 3]. `parameters.pose` is not used."""
        return self.pose_many(parameters.gender, parameters.shape, REST_POSE[None])[0]

    def _subject(self, gender: int, shape: np.ndarray, poses: np.ndarray) -> Any:
        """`_shaped` of what was checked, made once for each of the latest subjects."""
        check_shape_and_poses(gender, shape, poses)
        shape = np.asarray(shape, dtype=np.float32)
        key = (int(gender), shape.tobytes())
        if key not in self._subjects:
            self._subjects[key] = self._shaped(int(gender), shape)
            if len(self._subjects) > _CACHED_SUBJECTS:
                self._subjects.popitem(last=False)
        self._subjects.move_to_end(key)
        return self._subjects[key]

    @abstractmethod
    def _shaped(self, gender: int, shape: np.ndarray) -> Any:
        """What posing needs of one subject."""


def check_shape_and_poses(gender: int, shape: np.ndarray, poses: np.ndarray) -> None:
    """ValueError unless gender is 0 or 1, shape is finite [10] and poses are finite [T, 72]."""
    if gender not in (0, 1):
        raise ValueError(f"gender is 0 (female) or 1 (male), was given {gender!r}")
    for name, values, wanted in (("shape", np.asarray(shape), (10,)), ("poses", np.asarray(poses), (72,))):
        if values.shape[-1:] != wanted or values.ndim != (1 if name == "shape" else 2):
            raise ValueError(f"{name} has shape {values.shape}, wanted {'[10]' if name == 'shape' else '[T, 72]'}")
        if not np.isfinite(values).all():
            raise ValueError(f"{name} holds a value that is not finite")
