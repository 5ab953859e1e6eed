"""Bodies other than the true one, as every estimated body is: posed, perturbed as estimators err, put into a sample.

All is root-relative, before and after: the origin is the root of the body that is seen, and S2S compares shapes around
their own roots. So an error of placement moves neither body nor garment; it shows in the picture, whose square is cut
around the wrong point at the wrong scale, and in the camera.
"""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from garment_uv.body import BodyModel, BodyParameters, build_topology, load_body
from garment_uv.datasets.cloth3d.camera import NEAREST, recrop, recrop_labels, turned
from garment_uv.errors import UserError
from garment_uv.samples.config import BodyNoiseConfig
from garment_uv.samples.sample import FrameBody, Sample
from garment_uv.samples.source import DatasetSource
from garment_uv.uv.atlas import Atlas
from garment_uv.uv.fill import body_map, fill


class BodyPoser:
    """Poses one body model on the topology of one atlas.

    UserError when the body model is not the one that the atlas was made for; `digest` may be empty where unknown.
    """

    def __init__(self, model: BodyModel, subdivisions: int, atlas: Atlas, digest: str = "") -> None:
        self.model = model
        self.atlas = atlas
        self._topology = build_topology(model, subdivisions)
        same = self._topology.num_vertices == atlas.num_vertices and all(
            name in self._topology.faces and np.array_equal(self._topology.faces[name], faces)
            for name, faces in atlas.faces.items()
        )
        if not same or (digest and model.digest != digest):
            raise UserError(
                f"the body model {model.name!r} ({model.digest[:16]}) is not the one that the model was trained on "
                f"({digest[:16]}): use that version of the body, or train on this one"
            )

    @classmethod
    def of_dataset(cls, source: DatasetSource, smpl_dir: str | Path = "") -> "BodyPoser":
        """The poser of a dataset's own body; UserError where its body model is not at hand or is another version."""
        manifest = source.manifest
        name = manifest.body.name
        if name == "smpl" and not smpl_dir:
            raise UserError(
                f"bodies of {source.uri} can be posed with your SMPL files only: set data.smpl_dir (or --smpl-dir) to "
                "their folder"
            )
        model = load_body(name, smpl_dir or None)
        return cls(model, manifest.subdivisions, source.atlas(), manifest.body.body_digest)

    def vertices(self, body: FrameBody) -> np.ndarray:
        """The posed body float32 [V, 3] in the sample frame: root-relative, turned by zrot, metres."""
        posed = self.model.pose(BodyParameters(body.gender, body.shape, body.pose))
        return turned(self._topology.vertices(posed), body.zrot).astype(np.float32)

    def map(self, vertices: np.ndarray) -> np.ndarray:
        """The body map float32 [3, U, U] of posed vertices [V, 3], metres, filled as every dataset's is."""
        return body_map(self.atlas, vertices)


def with_body(sample: Sample, body: FrameBody, poser: BodyPoser, filled_by: str) -> Sample:
    """The sample with `body` in place of its own, its target still the true garment.

    The displacement of a vertex becomes the true garment's vertex less the other body's, and the map takes the same
    change, filled by the method `filled_by` that made it, so that reading it at the vertices gives just that. Raw
    garments, segments and classes stay. Placement is `body.camera`: see `placement_error`.
    """
    vertices = poser.vertices(body)
    moved = sample.body_vertices - vertices
    covered = sample.vertex_classes > 0
    known = sample.displacement_vertices
    return replace(
        sample,
        image=recrop(sample.image, sample.body.camera, body.camera),
        mask=None if sample.mask is None else recrop(sample.mask, sample.body.camera, body.camera),
        parsing=None if sample.parsing is None else recrop_labels(sample.parsing, sample.body.camera, body.camera),
        body_uv=poser.map(vertices),
        body_vertices=vertices,
        displacement_uv=sample.displacement_uv + fill(poser.atlas, moved, covered, filled_by),
        body=body,
        displacement_vertices=None if known is None else known + np.where(covered[:, None], moved, 0),
    )


def placement_error(seen: Sample, true: Sample) -> np.ndarray:
    """From the true root to the root of the body that is told, float32 [3] metres in the sample frame."""
    return (true.body.camera - seen.body.camera).astype(np.float32)


def perturbed(body: FrameBody, noise: BodyNoiseConfig, rng: np.random.Generator) -> FrameBody:
    """Another body near `body`. Every number is drawn whatever the sizes, so that one size changes no other's draw."""
    turns = rng.standard_normal((24, 3)) * (np.radians(noise.pose_degrees) / np.sqrt(3))
    coefficients = rng.standard_normal(10) * noise.shape
    step = rng.standard_normal(3) * (noise.depth_m, noise.translation_m, noise.translation_m)
    pose = body.pose
    if noise.pose_degrees:
        joints = Rotation.from_rotvec(body.pose.reshape(24, 3).astype(np.float64)) * Rotation.from_rotvec(turns)
        pose = joints.as_rotvec().reshape(72).astype(np.float32)
    camera = body.camera.astype(np.float64) - step
    camera[0] = max(camera[0], NEAREST)
    return replace(
        body, pose=pose, shape=(body.shape + coefficients).astype(np.float32), camera=camera.astype(np.float32)
    )


class BodyNoise:
    """Gives a dataset's samples perturbed bodies: the same seed, epoch and sample give the same body, in any process.

    Posing needs the dataset's body model: UserError at once where it is not at hand. A copy that is sent to another
    process loads it there anew.
    """

    def __init__(self, noise: BodyNoiseConfig, source: DatasetSource, seed: int = 0, smpl_dir: str | Path = "") -> None:
        self.noise = noise
        self._source, self._seed, self._smpl_dir = source, seed, smpl_dir
        self._loaded: BodyPoser | None = BodyPoser.of_dataset(source, smpl_dir)

    def __call__(self, sample: Sample, epoch: int = 0) -> Sample:
        """The sample with a perturbed body; its target stays the true garment (see `with_body`)."""
        name = int.from_bytes(hashlib.sha256(sample.key.encode()).digest()[:8], "big")
        rng = np.random.default_rng([self._seed, epoch, name])
        return with_body(sample, perturbed(sample.body, self.noise, rng), self._poser(), self._source.manifest.fill)

    def _poser(self) -> BodyPoser:
        if self._loaded is None:
            self._loaded = BodyPoser.of_dataset(self._source, self._smpl_dir)
        return self._loaded

    def __getstate__(self) -> dict:
        return {**self.__dict__, "_loaded": None}
