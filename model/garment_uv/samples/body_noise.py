"""Bodies perturbed as estimators err, so that a model that is trained on true bodies learns to expect less."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from garment_uv.datasets.cloth3d.camera import NEAREST
from garment_uv.samples.noise_config import BodyNoiseConfig
from garment_uv.samples.other_body import with_body
from garment_uv.samples.posing import BodyPoser
from garment_uv.samples.sample import FrameBody, Sample
from garment_uv.samples.source import DatasetSource


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
