"""A made-up dataset that trains in seconds: a cylinder for a body, through the real codec and shards.

The garment's distance from the body is shown by the picture's brightness, so there is something to learn.
"""

from pathlib import Path

import numpy as np

from garment_uv.classes import CLASS_IDS, topology_of
from garment_uv.files import file_digest
from garment_uv.samples.codec import SampleFormat, encode_sample
from garment_uv.samples.manifest import ATLAS_KEY, AtlasEntry, BodyEntry, Manifest
from garment_uv.samples.sample import FrameBody, RawGarment, Sample
from garment_uv.samples.shards import tar_blocks
from garment_uv.samples.sink import FolderSink
from garment_uv.uv.atlas import Atlas
from garment_uv.uv.fill import fill
from garment_uv.uv.segments import rasterise_classes
from tests.garment_uv.shard_writer import ShardWriter

COLUMNS, ROWS, SIZE, IMAGE = 12, 12, 32, 32
RADIUS = 0.15
OUTFITS = (("Top", "Trousers"), ("Dress",), ("Jumpsuit",), ("Tshirt", "Skirt"))


def cylinder_atlas() -> Atlas:
    """Front columns -3..3 in the left half, back columns 3..9 in the right one; the seams have two points."""
    islands = [np.arange(-3, 4), np.arange(3, 10)]
    vertices, points, faces, uv_faces = [], [], [], []
    for left, columns in zip((1.5, 17.5), islands, strict=True):
        first = sum(len(part) for part in vertices)
        grid = np.array([[row * COLUMNS + column % COLUMNS for column in columns] for row in range(ROWS)])
        local = first + np.arange(grid.size).reshape(grid.shape)
        x, y = np.meshgrid(left + 2.0 * np.arange(7), 29.5 - 2.5 * np.arange(ROWS))
        vertices.append(grid.ravel())
        points.append(np.stack([x.ravel(), y.ravel()], axis=1))
        faces.append(_triangles(grid))
        uv_faces.append(_triangles(local))
    both = np.concatenate(faces).astype(np.int32)
    return Atlas(
        size=SIZE,
        num_vertices=ROWS * COLUMNS,
        faces={"default": both, "skirt": both[::-1].copy()},
        point_vertex=np.concatenate(vertices).astype(np.int32),
        points=np.concatenate(points),
        uv_faces=np.concatenate(uv_faces).astype(np.int32),
    )


def _triangles(grid: np.ndarray) -> np.ndarray:
    a, b, c, d = grid[:-1, :-1], grid[:-1, 1:], grid[1:, 1:], grid[1:, :-1]
    return np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)])


def make_sample(atlas: Atlas, split: str, number: int, raw: bool) -> Sample:
    """One frame: body bent by a random amount, garments at a random distance."""
    rng = np.random.default_rng([number, len(split)])
    angle = np.tile(2 * np.pi * np.arange(COLUMNS) / COLUMNS, ROWS)
    height = np.repeat(np.linspace(-0.5, 0.5, ROWS), COLUMNS)
    outwards = np.stack([np.cos(angle), np.sin(angle), np.zeros_like(angle)], axis=1)
    bend = rng.uniform(-0.2, 0.2) * height**2
    body = RADIUS * outwards + np.stack([bend, np.zeros_like(bend), height], axis=1)
    outfit = OUTFITS[number % len(OUTFITS)]
    classes = np.full(len(body), CLASS_IDS[outfit[0]], np.uint8)
    if len(outfit) == 2:
        classes[height < 0] = CLASS_IDS[outfit[1]]
    distance = rng.uniform(0.01, 0.07)
    displacement = distance * outwards
    topology = topology_of(outfit)
    garments = {}
    for name in outfit if raw else ():
        chosen = atlas.faces[topology][(classes[atlas.faces[topology]] == CLASS_IDS[name]).all(axis=1)]
        used, local = np.unique(chosen, return_inverse=True)
        vertices = (body + displacement)[used].astype(np.float32)
        garments[name] = RawGarment(vertices, local.reshape(-1, 3).astype(np.int32))
    image = np.full((IMAGE, IMAGE, 3), int(255 * distance / 0.08), np.uint8)
    image[:, : IMAGE // 4] = 40 * (number % len(OUTFITS))
    return Sample(
        key=f"{split}-{number:05d}-0000",
        image=image,
        body_uv=fill(atlas, body, np.ones(len(body), bool), "least_norm"),
        displacement_uv=fill(atlas, displacement, classes > 0, "least_norm"),
        segments=rasterise_classes(atlas, classes),
        vertex_classes=classes,
        body_vertices=body.astype(np.float32),
        topology=topology,
        body=FrameBody(
            gender=0,
            shape=np.zeros(10, np.float32),
            pose=np.zeros(72, np.float32),
            trans=np.zeros(3, np.float32),
            zrot=0.0,
            camera=np.array([4.0, 0.0, 0.2], np.float32),
        ),
        garments=garments,
    )


def write_dataset(folder: Path, train: int = 12, val: int = 4, test: int = 0) -> Path:
    """A dataset of these samples in `folder`, splits 'train', 'val' and, where it is to hold any, 'test'."""
    atlas = cylinder_atlas()
    form = SampleFormat(SIZE, IMAGE, atlas.num_vertices, 0.5, 2.0)
    work = folder.with_name(f"{folder.name}.work")
    work.mkdir(parents=True)
    sink = FolderSink(folder)
    sink.begin()
    writer = ShardWriter(sink, work, samples_per_shard=5)
    for split, count in (("train", train), ("val", val), ("test", test)):
        for number in range(count):
            sample = make_sample(atlas, split, number, raw=split != "train")
            outfit = OUTFITS[number % len(OUTFITS)]
            writer.add(split, tar_blocks(sample.key, encode_sample(sample, form)), outfit)
    atlas.save(work / ATLAS_KEY)
    size, sha256 = file_digest(work / ATLAS_KEY)
    sink.put(ATLAS_KEY, work / ATLAS_KEY)
    manifest = Manifest(
        body=BodyEntry(name="cylinder", body_digest="made-up"),
        atlas=AtlasEntry(
            bytes=size, sha256=sha256, atlas_digest=atlas.digest, size=SIZE, num_vertices=atlas.num_vertices
        ),
        image_size=IMAGE,
        displacement_limit_m=0.5,
        body_limit_m=2.0,
        fill="least_norm",
        subdivisions=0,
        every=1,
        evaluation_splits=("val", "test") if test else ("val",),
        shards=writer.close(),
    )
    sink.publish(manifest)
    return folder


def small_config(**changes):
    """A trial config that trains on the dataset in about a second an epoch."""
    from garment_uv.training.trial import TrialConfig

    config = TrialConfig().with_values(
        {
            "generator.base_features": 4,
            "generator.global_downsamples": 1,
            "generator.residual_blocks": 1,
            "generator.local.features": 8,
            "generator.local.kernel": 3,
            "discriminator.base_features": 4,
            "discriminator.layers": 2,
            "discriminator.scales": 1,
            "training.epochs": 4,
            "training.device": "cpu",
            "training.optimiser.generator_lr": 2e-3,
        }
    )
    return config.with_values(changes)
