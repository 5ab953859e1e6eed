"""Small datasets made from numbers alone: an atlas of two square islands and samples of random maps."""

from pathlib import Path

import numpy as np

from garment_uv.classes import CLASS_IDS, SKIN
from garment_uv.files import file_digest
from garment_uv.samples.codec import SampleFormat, encode_sample
from garment_uv.samples.manifest import ATLAS_KEY, LABELLED, PLAIN, AtlasEntry, BodyEntry, Manifest
from garment_uv.samples.sample import FrameBody, RawGarment, Sample
from garment_uv.samples.shards import tar_blocks
from garment_uv.samples.sink import DatasetSink, FolderSink
from garment_uv.uv.atlas import Atlas
from garment_uv.uv.fill import fill
from garment_uv.uv.segments import rasterise_classes
from tests.garment_uv.shard_writer import ShardWriter

SIZE, IMAGE, SIDE = 32, 40, 6
"""U in texels, I in px, and vertices along a side of each island."""


def made_atlas() -> Atlas:
    """Two grids of SIDE x SIDE vertices, 72 in all, spread over the halves of a 32 x 32 canvas."""
    points, faces = [], []
    for left in (1.0, 17.0):
        first = len(points)
        rows, columns = np.meshgrid(np.linspace(1, 30, SIDE), np.linspace(left, left + 13, SIDE), indexing="ij")
        points += list(zip(columns.ravel(), rows.ravel(), strict=True))
        for row in range(SIDE - 1):
            for column in range(SIDE - 1):
                a = first + row * SIDE + column
                faces += [[a, a + SIDE, a + 1], [a + 1, a + SIDE, a + SIDE + 1]]
    faces = np.array(faces, np.int32)
    return Atlas(
        size=SIZE,
        num_vertices=len(points),
        faces={"default": faces, "skirt": faces},
        point_vertex=np.arange(len(points), dtype=np.int32),
        points=np.array(points, float),
        uv_faces=faces,
    )


def made_format(image_format: str = "jpg", labels: bool = True) -> SampleFormat:
    return SampleFormat(SIZE, IMAGE, 2 * SIDE * SIDE, 0.5, 1.5, image_format, labels)


def made_sample(atlas: Atlas, split: str = "train", sequence: int = 1, frame: int = 0, raw: bool = False) -> Sample:
    """A sample whose numbers are a function of its name."""
    rng = np.random.default_rng([sequence, frame])
    vertices = atlas.num_vertices
    classes = np.zeros(vertices, np.uint8)
    classes[: vertices // 3] = CLASS_IDS["Tshirt"]
    classes[vertices // 2 :] = CLASS_IDS["Trousers"]
    body = rng.uniform(-1, 1, (vertices, 3)).astype(np.float32)
    displacement = rng.uniform(-0.1, 0.1, (vertices, 3))
    smooth = np.add.outer(np.linspace(0, 200, IMAGE), np.linspace(0, 55, IMAGE))
    garments = {}
    if raw:
        for name in ("Tshirt", "Trousers"):
            corners = rng.uniform(-1, 1, (7, 3)).astype(np.float32)
            garments[name] = RawGarment(corners, np.array([[0, 1, 2], [4, 5, 6]], np.int32))
    return Sample(
        key=f"{split}-{sequence:05d}-{frame:04d}",
        image=np.stack([smooth, smooth[::-1], smooth.T], axis=-1).astype(np.uint8),
        body_uv=fill(atlas, body, np.ones(vertices, bool), "barycentric"),
        displacement_uv=fill(atlas, displacement, classes > 0, "least_norm"),
        segments=rasterise_classes(atlas, classes),
        vertex_classes=classes,
        body_vertices=body,
        topology="default",
        body=FrameBody(
            gender=1,
            shape=rng.normal(size=10).astype(np.float32),
            pose=rng.normal(size=72).astype(np.float32),
            trans=rng.normal(size=3).astype(np.float32),
            zrot=float(rng.uniform(-3, 3)),
            camera=np.array([5.0, 0.1, 0.2], np.float32),
        ),
        garments=garments,
        mask=smooth.astype(np.uint8),
        parsing=rng.integers(0, SKIN + 1, (IMAGE, IMAGE), dtype=np.uint8),
    )


def write_dataset(
    sink: DatasetSink,
    folder: Path,
    train: int = 7,
    val: int = 3,
    per_shard: int = 3,
    image_format: str = "jpg",
    labels: bool = True,
) -> Manifest:
    """Writes a dataset of made samples through a sink; `folder` is for what is under way."""
    atlas, form = made_atlas(), made_format(image_format, labels)
    sink.begin()
    writer = ShardWriter(sink, folder, per_shard)
    for split, count in (("train", train), ("val", val)):
        for frame in range(count):
            sample = made_sample(atlas, split, frame=frame, raw=split == "val")
            writer.add(split, tar_blocks(sample.key, encode_sample(sample, form)), ("Tshirt", "Trousers"))
    atlas.save(folder / ATLAS_KEY)
    size, sha256 = file_digest(folder / ATLAS_KEY)
    sink.put(ATLAS_KEY, folder / ATLAS_KEY)
    manifest = Manifest(
        schema_version=LABELLED if labels else PLAIN,
        body=BodyEntry(name="made", body_digest="0"),
        atlas=AtlasEntry(
            bytes=size, sha256=sha256, atlas_digest=atlas.digest, size=SIZE, num_vertices=atlas.num_vertices
        ),
        image_size=IMAGE,
        image_format=image_format,
        displacement_limit_m=0.5,
        body_limit_m=1.5,
        fill="least_norm",
        subdivisions=0,
        every=1,
        evaluation_splits=("val",),
        shards=writer.close(),
    )
    sink.publish(manifest)
    return manifest


def write_folder(target: Path, scratch: Path, **options) -> Manifest:
    """`write_dataset` to a folder."""
    scratch.mkdir(parents=True, exist_ok=True)
    return write_dataset(FolderSink(target), scratch, **options)
