"""The body of a picture that comes without one, and the bodies that a garment model is evaluated on."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from garment_uv.datasets.cloth3d.camera import HEIGHT, WIDTH, cut_square
from garment_uv.errors import UserError
from garment_uv.estimation.body_file import BodyFile
from garment_uv.estimation.examples import displaced_square, example_rng, to_network
from garment_uv.estimation.model_file import load_body_model
from garment_uv.estimation.person import read_mask, rough_square
from garment_uv.estimation.placement import Optics, Square, camera_of, root_square
from garment_uv.geometry.rotations import axis_angles
from garment_uv.samples.config import AS_ESTIMATED
from garment_uv.samples.other_body import BodyNoise, BodyPoser, with_body
from garment_uv.samples.sample import FrameBody, Sample
from garment_uv.samples.source import DatasetSource
from garment_uv.training.device import resolve_device
from garment_uv.training.model_file import TrainedOn

LOOKS = 2
"""How often the network looks: first at the rough square, then at the square around the root that it found there."""


@dataclass(frozen=True)
class BodyEstimate:
    """A regressed body."""

    body: FrameBody
    """Turn and pose are both in `pose`; zrot and trans are zero, the camera is relative to the root."""
    square: Square
    """The square of +-1.25 m around the root, px of the picture."""


class BodyEstimator:
    """A trained body network at work."""

    def __init__(self, folder: Path, device: str = "auto") -> None:
        network, self.card = load_body_model(folder)
        self._device = resolve_device(device)
        self._network = network.to(self._device)

    @torch.no_grad()
    def __call__(self, picture: np.ndarray, rough: Square, optics: Optics | None = None) -> BodyEstimate:
        """The body in `rough`, a square of `picture` uint8 [H, W, 3].

        Without `optics` it is taken to stand as far away as those of the training did on average.
        """
        square = rough
        for _ in range(LOOKS):
            size = self._network.config.image_size
            cut = cut_square(picture, square.left, square.top, square.side, size)
            output = self._network(to_network(cut[None]).to(self._device))
            square = root_square(square, *output.place[0].double().cpu().tolist())
        if optics is None:
            optics = Optics.assumed(picture.shape[1], picture.shape[0], square.side, self.card.mean_depth_m)
        body = FrameBody(
            gender=int(output.gender[0] > 0),
            shape=output.shape[0].cpu().numpy().astype(np.float32),
            pose=axis_angles(output.rotations[0].cpu().numpy()).reshape(72),
            trans=np.zeros(3, np.float32),
            zrot=0.0,
            camera=camera_of(square, optics),
        )
        return BodyEstimate(body, square)

    def of_sample(self, sample: Sample, seed: int = 0) -> FrameBody:
        """The body in a sample's image, its first square displaced: looked at as it is, it would tell the placement."""
        rng = example_rng(seed, None, sample.key)
        rough = displaced_square(len(sample.image), self.card.config, rng)
        return self(sample.image, rough, Optics.of_crop(sample.body.camera, len(sample.image))).body


@dataclass(frozen=True)
class Person:
    """What is known about where the person is in a picture without a body file; all of it may be left out."""

    box: tuple[float, float, float, float] | None = None
    """Left, top, right, bottom, px."""
    mask: Path | None = None
    """A picture of the same size, bright or opaque on the person."""


ANYONE = Person()


@dataclass(frozen=True)
class FoundBody:
    """A body that was seen, and the square picture around its root that the garment model looks at."""

    body: BodyFile
    picture: np.ndarray
    """uint8 [I, I, 3]"""


class BodySeer:
    """A body network beside a garment model. UserError where the network is of another body than the model."""

    def __init__(self, network: Path, trained_on: TrainedOn, device: str = "auto") -> None:
        self._estimate = BodyEstimator(network, device)
        self._estimate.card.check_body(trained_on.body_model, trained_on.body_digest, network)
        self._trained_on = trained_on

    def __call__(self, pixels: np.ndarray, name: str, person: Person = ANYONE) -> FoundBody:
        """The body in `pixels` uint8 [H, W, 3 or 4]; UserError naming `name` where nothing says where the person is.

        A 640x480 picture is taken for a frame of the dataset's camera; any other's optics are not known.
        """
        mask = read_mask(person.mask) if person.mask is not None else None
        rough = rough_square(pixels, person.box, mask, name)
        colours = np.ascontiguousarray(pixels[..., :3])
        if pixels.shape[2] == 4:
            colours[pixels[..., 3] < 128] = 0
        height, width = colours.shape[:2]
        optics = Optics.of_frame() if (width, height) == (WIDTH, HEIGHT) else None
        found = self._estimate(colours, rough, optics)
        square = found.square
        picture = cut_square(colours, square.left, square.top, square.side, self._trained_on.image_size)
        return FoundBody(BodyFile.of_frame(found.body, self._trained_on.body_model), np.ascontiguousarray(picture))


BODY_SOURCES: dict[str, str] = {
    "given": "the dataset's own body",
    "perturbed": "the dataset's body off by what estimators err by (AS_ESTIMATED)",
    "predicted": "the body that a body network of `garment train-body` sees in the picture",
}
"""Whose body a model sees, with one line on each."""

BodySwap = Callable[[Sample], Sample]
"""Gives a sample with another body, as the network sees it."""


def body_swap(
    body: str,
    source: DatasetSource,
    body_model: Path | None = None,
    smpl_dir: str | Path = "",
    seed: int = 0,
    device: str = "auto",
) -> BodySwap | None:
    """How the bodies of one of `BODY_SOURCES` are put into a dataset's samples; None for 'given'.

    `seed` decides perturbation and first square. UserError for another name, no network, or a body without its files.
    """
    if body == "given":
        return None
    if body == "perturbed":
        return BodyNoise(AS_ESTIMATED, source, seed, smpl_dir)
    if body != "predicted":
        raise UserError(f"no body {body!r}: choose one of {', '.join(BODY_SOURCES)}")
    if body_model is None:
        raise UserError(
            "a predicted body needs a body network: train one with `garment train-body` and give its folder as "
            "--body-model"
        )
    estimator = BodyEstimator(body_model, device)
    estimator.card.check_body(source.manifest.body.name, source.manifest.body.body_digest, body_model)
    poser = BodyPoser.of_dataset(source, smpl_dir)

    def swap(sample: Sample) -> Sample:
        return with_body(sample, estimator.of_sample(sample, seed), poser, source.manifest.fill)

    return swap
