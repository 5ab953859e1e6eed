"""Pictures and true bodies of a dataset, cut, mirrored and coloured for the body network."""

import hashlib
from dataclasses import dataclass, fields, replace
from functools import lru_cache

import numpy as np
import torch

from garment_uv.body import BodyModel
from garment_uv.datasets.cloth3d.camera import cut_square, project_to_crop
from garment_uv.estimation.config import BodyFitConfig
from garment_uv.estimation.placement import Square, place_in
from garment_uv.estimation.skeleton import MATES, bone_offsets, joint_rotations, mirrored, posed_joints
from garment_uv.samples.codec import decode_picture
from garment_uv.samples.sample import FrameBody
from garment_uv.samples.source import DatasetSource, checked_index, sample_format
from garment_uv.training.augment import jitter_colours

_KEPT_SKELETONS = 4096


@dataclass(frozen=True)
class BodyBatch:
    """B pictures with what the network is to say about them."""

    pictures: torch.Tensor
    """float32 [B, 3, I, I] in [-1, 1]."""
    rotations: torch.Tensor
    """float32 [B, 24, 3, 3]; the root's turns into the sample frame."""
    offsets: torch.Tensor
    """float32 [B, 24, 3] bones of the true skeleton, metres."""
    joints: torch.Tensor
    """float32 [B, 24, 3] true joints around the root, metres, sample frame."""
    shape: torch.Tensor
    """float32 [B, 10]"""
    gender: torch.Tensor
    """float32 [B] 0 female, 1 male."""
    place: torch.Tensor
    """float32 [B, 3] u, v and zoom of the root in the picture."""
    seen: torch.Tensor
    """float32 [B, 24, 2] where the joints are in the picture, in half its sides from its centre, right and down."""

    def __len__(self) -> int:
        return len(self.pictures)

    def to(self, device: torch.device) -> "BodyBatch":
        """The same batch on another device."""
        return replace(self, **{item.name: getattr(self, item.name).to(device) for item in fields(self)})


@dataclass(frozen=True)
class Picture:
    """One frame's square image and its body."""

    key: str
    image: np.ndarray
    """uint8 [I, I, 3] around the root."""
    body: FrameBody


class Pictures:
    """The frames of one split, read one at a time: only picture and body of each are decoded."""

    def __init__(self, source: DatasetSource, split: str) -> None:
        self._source = source
        self._form = sample_format(source.manifest)
        self._entries = source.manifest.split_shards(split)
        self.sizes = [entry.samples for entry in self._entries]
        self._indexes: dict[int, list] = {}

    def __len__(self) -> int:
        return sum(self.sizes)

    def read(self, shard: int, position: int) -> Picture:
        """The frame at a position of a shard; UserError when its bytes are not the manifest's."""
        entry = self._entries[shard]
        with self._source.open_shard(entry) as path, open(path, "rb") as file:
            if shard not in self._indexes:
                self._indexes[shard] = checked_index(path, entry)
            found = self._indexes[shard][position]
            members = found.read(file, ("json", f"image.{self._form.image_format}"))
        return Picture(found.key, *decode_picture(found.key, members, self._form))


class Examples:
    """Turns frames into batches. While training, every epoch cuts another square; a measured one is the same always."""

    def __init__(self, config: BodyFitConfig, model: BodyModel) -> None:
        self._config = config
        self._skeleton = lru_cache(_KEPT_SKELETONS)(
            lambda gender, shape: bone_offsets(model, gender, np.frombuffer(shape, np.float32))
        )

    def batch(self, pictures: list[Picture], epoch: int | None) -> BodyBatch:
        """One batch, its squares displaced by (seed, epoch, frame); `epoch` None is for measuring, never mirrored."""
        made = [self._example(picture, epoch) for picture in pictures]
        images, *told = (np.stack(part) for part in zip(*made, strict=True))
        turned, bones, *others = (torch.from_numpy(part).float() for part in told)
        batch = BodyBatch(to_network(images), turned, bones, posed_joints(turned, bones), *others)
        if epoch is None or not self._config.colour_jitter:
            return batch
        return replace(batch, pictures=jitter_colours(batch.pictures, self._config.colour_jitter))

    def _example(self, picture: Picture, epoch: int | None) -> tuple:
        config, body = self._config, picture.body
        rng = example_rng(config.seed, epoch, picture.key)
        square = displaced_square(len(picture.image), config, rng)
        mirror = bool(rng.random() < 0.5) and config.mirror and epoch is not None
        image = cut_square(picture.image, square.left, square.top, square.side, config.network.image_size)
        u, v, zoom = place_in(square, Square(0, 0, len(picture.image)))
        rotations, offsets = joint_rotations(body), self._skeleton(body.gender, body.shape.astype(np.float32).tobytes())
        joints = posed_joints(torch.from_numpy(rotations)[None].float(), torch.from_numpy(offsets)[None])[0].numpy()
        pixels = project_to_crop(joints, body.camera, len(picture.image))
        seen = 2 * (pixels - (square.left, square.top)) / square.side - 1
        if mirror:
            image, u, seen = image[:, ::-1], -u, seen[list(MATES)] * (-1, 1)
            rotations, offsets = mirrored(rotations, offsets)
        return image, rotations, offsets, body.shape, float(body.gender), np.array([u, v, zoom]), seen


def displaced_square(size: int, config: BodyFitConfig, rng: np.random.Generator) -> Square:
    """A square that is off the root's own [0, size] by up to `shift` and `zoom`, as a person's box would be."""
    right, down, zoom = rng.uniform(-1, 1, 3) * (config.shift, config.shift, config.zoom)
    side = size * float(np.exp(zoom))
    centre = size / 2 + np.array([right, down]) * side / 2
    return Square(float(centre[0] - side / 2), float(centre[1] - side / 2), side)


def example_rng(seed: int, epoch: int | None, key: str) -> np.random.Generator:
    """Random numbers that seed, epoch and frame decide; measuring has an epoch of its own."""
    name = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big")
    return np.random.default_rng([seed, 0 if epoch is None else epoch + 1, name])


def to_network(images: np.ndarray) -> torch.Tensor:
    """Images uint8 [B, I, I, 3] as float32 [B, 3, I, I] in [-1, 1]."""
    return torch.from_numpy(np.array(images)).permute(0, 3, 1, 2).float().div(127.5).sub(1.0)
