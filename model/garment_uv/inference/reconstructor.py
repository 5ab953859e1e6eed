"""A model loaded once, from its own folder or as a program, that makes garments of one picture after another."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

from garment_uv.body import load_body
from garment_uv.datasets.cloth3d.camera import HEIGHT, WIDTH, crop, cut_square
from garment_uv.errors import UserError
from garment_uv.estimation.body_file import BodyFile
from garment_uv.estimation.model_file import companion
from garment_uv.estimation.picture_alone import ANYONE, BodySeer, Person
from garment_uv.estimation.placement import EstimatedBody
from garment_uv.geometry.normals import push_out
from garment_uv.inference.card import CARD, PROGRAM, read_inference_card
from garment_uv.inference.program import ExportedGenerator, load_program
from garment_uv.metrics.evaluate import garment_meshes
from garment_uv.samples.batch import collate
from garment_uv.samples.other_body import BodyPoser
from garment_uv.samples.sample import FrameBody, RawGarment, Sample
from garment_uv.training.device import resolve_device
from garment_uv.training.model_file import ATLAS, TrainedOn, load_model, read_card
from garment_uv.training.predict import Predictor, predicted_topology
from garment_uv.uv.atlas import Atlas


@dataclass(frozen=True)
class Usable:
    """What it takes to make garments of a picture."""

    generator: nn.Module
    atlas: Atlas
    trained_on: TrainedOn
    push_out: bool
    """Whether vertices inside the body are to be moved out of it."""


def load_for_use(folder: Path, device: str = "auto") -> Usable:
    """The model in `folder`; UserError where it is neither kind, or is damaged. Programs stay on the CPU."""
    folder = Path(folder)
    if not (folder / CARD).exists():
        card = read_card(folder)
        generator, config, atlas = load_model(folder)
        return Usable(generator.to(resolve_device(device)), atlas, card.trained_on, config.evaluation.push_out)
    made = read_inference_card(folder)
    atlas = Atlas.load(folder / ATLAS)
    if atlas.digest != made.atlas_digest:
        raise UserError(f"{folder / ATLAS} is not the atlas of its program: take another copy of the folder")
    program = ExportedGenerator(load_program(folder / PROGRAM), made.reading, made.needs_frames)
    return Usable(program.to(torch.device("cpu")), atlas, made.trained_on, made.push_out)


@dataclass(frozen=True)
class Reconstruction:
    """Garments of one picture, in the sample frame: root-relative, z-up, turned by zrot, metres."""

    garments: dict[str, RawGarment]
    """By class name; empty when the model sees none."""
    body: RawGarment
    """The body without head, hands and feet that the garments lie on."""
    image: np.ndarray
    """uint8 [I, I, 3]: what the model looked at."""
    camera: np.ndarray
    """float32 [3] relative to the turned root."""
    body_file: BodyFile
    """The body, as given or as estimated."""


class Reconstructor:
    """A garment model or exported program, its body and, once needed, its body network; UserError for other folders."""

    def __init__(
        self,
        model_folder: Path,
        smpl_dir: Path | None = None,
        device: str = "auto",
        push_out_of_body: bool = False,
        body_network: Path | None = None,
    ) -> None:
        """`push_out_of_body`, or `evaluation.push_out` of the model's config, moves vertices inside the body to 5 mm
        above it. `body_network` is the folder of one; the model's own companion where not given.
        """
        self.folder = Path(model_folder)
        usable = load_for_use(self.folder, device)
        self.trained_on, self._atlas = usable.trained_on, usable.atlas
        self._predict = Predictor(usable.generator, self._atlas)  # type: ignore[arg-type]
        self._push_out = push_out_of_body or usable.push_out
        self._smpl_dir, self._device, self._body_network = smpl_dir, device, body_network

    @cached_property
    def poser(self) -> BodyPoser:
        """Poses the model's body; UserError where its files are not at hand or are of another version."""
        model = load_body(self.trained_on.body_model, self._smpl_dir)
        return BodyPoser(model, self.trained_on.subdivisions, self._atlas, self.trained_on.body_digest)

    def on_body(self, picture: np.ndarray, body: BodyFile, name: str = "the body") -> Reconstruction:
        """Garments in the square `picture` uint8 [I, I, 3] of +-1.25 m around the root, on that body.

        UserError for a body of another body model; `name` says in it which file it came from.
        """
        if body.body_model != self.trained_on.body_model:
            raise UserError(
                f"{name} is of the body {body.body_model!r}, the model was trained on "
                f"{self.trained_on.body_model!r}: give a body file of that one"
            )
        vertices = self.poser.vertices(body.frame())
        sample = _as_sample(picture, vertices, self.poser.map(vertices), body.frame(), self._atlas)
        predicted = self._predict(collate([sample]), "predicted")
        classes = predicted.vertex_classes[0]
        found = garment_meshes(self._atlas, predicted.vertices[0], classes, predicted_topology(classes))
        on = self._atlas.faces["default"]
        garments = {}
        for garment, (points, faces) in found.items():
            garments[garment] = RawGarment(push_out(points, vertices, on) if self._push_out else points, faces)
        return Reconstruction(garments, RawGarment(vertices, on), picture, sample.body.camera, body)

    def in_frame(self, pixels: np.ndarray, body: BodyFile, name: str, body_name: str) -> Reconstruction:
        """Garments in a whole 640x480 frame of the dataset's camera, or in the square around the root, uint8 [H, W, 3].

        UserError, naming the picture by `name` and the body by `body_name`, where they cannot be used.
        """
        return self.on_body(framed(pixels, body.frame().camera, self.trained_on.image_size, name), body, body_name)

    def estimated(self, pixels: np.ndarray, body: EstimatedBody, body_name: str) -> Reconstruction:
        """Garments in any picture, uint8 [H, W, 3], on a body that an SMPL estimator found in it.

        UserError, naming the body by `body_name`, where the model was not trained on SMPL.
        """
        if self.trained_on.body_model != "smpl":
            raise UserError(
                f"{body_name} holds SMPL parameters, the model was trained on the body {self.trained_on.body_model!r}: "
                "they fit models trained on SMPL only; leave --body out and give --body-model"
            )
        height, width = pixels.shape[:2]
        placed, square = body.placed(self.poser.model, width, height)
        size = self.trained_on.image_size
        picture = cut_square(pixels, square.left, square.top, square.side, size)
        return self.on_body(np.ascontiguousarray(picture), placed, body_name)

    def alone(self, pixels: np.ndarray, name: str, person: Person = ANYONE) -> Reconstruction:
        """Garments in any picture of one person, uint8 [H, W, 3 or 4], on the body that is seen in it.

        UserError, naming the picture by `name`, where there is no body network, or nothing says where the person is.
        """
        seen = self._seer(pixels, name, person)
        return self.on_body(seen.picture, seen.body)

    @cached_property
    def _seer(self) -> BodySeer:
        network = self._body_network or companion(self.folder)
        if network is None:
            raise UserError(
                f"no --body was given, and the model {self.folder} has no body network: give --body FILE, or "
                "--body-model FOLDER of `garment train-body`"
            )
        return BodySeer(network, self.trained_on, self._device)


def framed(pixels: np.ndarray, camera: np.ndarray, size: int, name: str) -> np.ndarray:
    """The square uint8 [size, size, 3], of a frame around `camera` or a square; UserError else."""
    height, width = pixels.shape[:2]
    if (width, height) == (WIDTH, HEIGHT):
        return np.ascontiguousarray(crop(pixels, camera, size))
    if width != height:
        raise UserError(
            f"{name} is {width}x{height} px: give a whole {WIDTH}x{HEIGHT} frame, or the square of +-1.25 m around "
            "the root"
        )
    return np.asarray(Image.fromarray(pixels).resize((size, size), Image.Resampling.BILINEAR))


def _as_sample(picture: np.ndarray, vertices: np.ndarray, body_uv: np.ndarray, body: FrameBody, atlas: Atlas) -> Sample:
    """What the network reads, as a sample whose garments are unknown."""
    return Sample(
        key="picture",
        image=picture,
        body_uv=body_uv,
        displacement_uv=np.zeros((3, atlas.size, atlas.size), np.float32),
        segments=np.zeros((atlas.size, atlas.size), np.uint8),
        vertex_classes=np.zeros(len(vertices), np.uint8),
        body_vertices=vertices,
        topology="default",
        body=body,
    )
