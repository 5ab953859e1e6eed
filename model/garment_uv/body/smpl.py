"""SMPL's linear blend skinning in plain NumPy, on a user's own model files (Loper et al., SMPL, SIGGRAPH Asia 2015)."""

import hashlib
from dataclasses import astuple
from functools import cached_property
from pathlib import Path

import numpy as np
from scipy import sparse

from garment_uv.body.protocol import BodyModel, BodyParameters
from garment_uv.body.skeleton import NUM_JOINTS, PARENTS, global_rotations, skin
from garment_uv.body.smpl_files import SmplArrays, find_models, load_npz
from garment_uv.errors import UserError


class SmplBody(BodyModel):
    """BodyModel on SMPL: female and male files of one topology."""

    name = "smpl"

    def __init__(self, models: dict[int, SmplArrays]) -> None:
        """models: gender (0 female, 1 male) to its arrays; one gender is enough for subjects of that gender."""
        super().__init__()
        if not models:
            raise UserError("SMPL needs a model of at least one gender; none was given")
        first, *others = models.values()
        if any(not np.array_equal(first.f, other.f) for other in others):
            raise UserError("the female and the male SMPL file have different faces: take both from one release")
        self._models = models
        self._weights = {gender: sparse.csr_matrix(arrays.weights) for gender, arrays in models.items()}
        self._pose_directions = {
            gender: arrays.posedirs.reshape(-1, arrays.posedirs.shape[-1]).T for gender, arrays in models.items()
        }
        self.faces: np.ndarray = first.f

    @classmethod
    def from_folder(cls, smpl_dir: str | Path) -> "SmplBody":
        """The female and male .npz of a folder; UserError that says how to mend it when one is missing or wrong."""
        return cls({gender: load_npz(path) for gender, path in find_models(Path(smpl_dir)).items()})

    @cached_property
    def digest(self) -> str:
        """Hex digest of every array that decides the vertices."""
        digest = hashlib.sha256(b"smpl")
        for gender in sorted(self._models):
            digest.update(bytes([gender]))
            for array in astuple(self._models[gender]):
                digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()[:16]

    def pose_many(self, gender: int, shape: np.ndarray, poses: np.ndarray) -> np.ndarray:
        vertices, joints = self._subject(gender, shape, poses)
        rotations = global_rotations(poses)
        parents = np.array(PARENTS[1:])
        local = np.swapaxes(rotations[:, parents], -1, -2) @ rotations[:, 1:]
        features = (local - np.eye(3)).reshape(len(local), -1).astype(np.float32)
        bent = vertices + (features @ self._pose_directions[gender]).reshape(len(local), -1, 3)
        at = _posed_joints(joints, rotations)
        shifts = at - (rotations @ joints[None, :, :, None])[..., 0]
        transforms = np.concatenate([rotations, shifts[..., None]], axis=-1)
        return skin(self._weights[gender], bent, transforms)

    def joints_many(self, gender: int, shape: np.ndarray, poses: np.ndarray) -> np.ndarray:
        _, joints = self._subject(gender, shape, poses)
        return _posed_joints(joints, global_rotations(poses)).astype(np.float32)

    def rest_root(self, parameters: BodyParameters) -> np.ndarray:
        """The rest root joint J0 that `rest` subtracts, z-up, float64 [3]: rest garments may stand off by it."""
        arrays = self._model(parameters.gender)
        x, y, z = (arrays.J_regressor @ _shaped_vertices(arrays, parameters.shape))[0]
        return np.array([x, -z, y])

    def _model(self, gender: int) -> SmplArrays:
        if gender not in self._models:
            wanted = "male" if gender else "female"
            raise UserError(f"a subject is {wanted} and no {wanted} SMPL file was given: add it to the SMPL folder")
        return self._models[gender]

    def _shaped(self, gender: int, shape: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Root-relative rest vertices float32 [V, 3] and joints float64 [24, 3], y-up."""
        arrays = self._model(gender)
        vertices = _shaped_vertices(arrays, shape)
        joints = arrays.J_regressor @ vertices
        return (vertices - joints[0]).astype(np.float32), joints - joints[0]


def _shaped_vertices(arrays: SmplArrays, shape: np.ndarray) -> np.ndarray:
    coefficients = np.asarray(shape, dtype=np.float32).astype(np.float64)
    return arrays.v_template + arrays.shapedirs[:, :, : len(coefficients)] @ coefficients


def _posed_joints(joints: np.ndarray, rotations: np.ndarray) -> np.ndarray:
    """Joints float64 [T, 24, 3] of root-relative rest joints [24, 3] under global rotations [T, 24, 3, 3]."""
    posed = np.zeros((len(rotations), NUM_JOINTS, 3))
    for joint, parent in enumerate(PARENTS[1:], start=1):
        posed[:, joint] = posed[:, parent] + rotations[:, parent] @ (joints[joint] - joints[parent])
    return posed
