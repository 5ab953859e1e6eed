"""A small dataset on the open body: posed people in a shirt and trousers, rendered through their own camera."""

from functools import lru_cache
from pathlib import Path

import numpy as np

from garment_uv.body import AnnyBody, load_body
from garment_uv.body.skeleton import JOINT_NAMES
from garment_uv.body.topology import build_topology
from garment_uv.classes import CLASS_IDS
from garment_uv.files import file_digest
from garment_uv.metrics.evaluate import garment_meshes
from garment_uv.samples.codec import SampleFormat, encode_sample
from garment_uv.samples.manifest import ATLAS_KEY, AtlasEntry, BodyEntry, Manifest
from garment_uv.samples.other_body import BodyPoser
from garment_uv.samples.sample import FrameBody, RawGarment, Sample
from garment_uv.samples.shards import tar_blocks
from garment_uv.samples.sink import FolderSink
from garment_uv.uv.atlas import Atlas
from garment_uv.uv.build import build_atlas
from garment_uv.uv.fill import fill
from garment_uv.uv.segments import rasterise_classes
from garment_uv.viewing.meshes import BODY_COLOUR, GARMENT_COLOURS, ViewMesh
from garment_uv.viewing.picture import render_through
from tests.garment_uv.shard_writer import ShardWriter

SIZE, IMAGE = 128, 64
OUTFIT = ("Tshirt", "Trousers")


@lru_cache(maxsize=1)
def open_body() -> AnnyBody:
    """The open body, loaded once a process."""
    return load_body("anny")


@lru_cache(maxsize=1)
def open_atlas() -> Atlas:
    """Its atlas of 128 texels, not subdivided."""
    return build_atlas(build_topology(open_body(), 0), SIZE)


@lru_cache(maxsize=1)
def open_poser() -> BodyPoser:
    """Poses it on that atlas."""
    return BodyPoser(open_body(), 0, open_atlas())


def person(number: int) -> FrameBody:
    """A person whose arms, turn, shape and place a number decides."""
    rng = np.random.default_rng(number)
    pose = np.zeros((24, 3), np.float32)
    pose[0, 0] = np.pi / 2
    for side, sign in (("left", -1.0), ("right", 1.0)):
        pose[JOINT_NAMES.index(f"{side}_shoulder"), 2] = sign * rng.uniform(0.2, 1.2)
        pose[JOINT_NAMES.index(f"{side}_knee"), 0] = rng.uniform(0, 0.5)
    return FrameBody(
        gender=number % 2,
        shape=rng.normal(0, 0.5, 10).astype(np.float32),
        pose=pose.ravel(),
        trans=np.array([0.1, 0.0, 0.9], np.float32),
        zrot=float(rng.uniform(-np.pi, np.pi)),
        camera=np.array([rng.uniform(4, 5), rng.uniform(-0.3, 0.3), rng.uniform(-0.1, 0.3)], np.float32),
    )


def clothed_sample(split: str, number: int, raw: bool) -> Sample:
    """One frame; garments stand 1 to 4 cm off the skin."""
    body, atlas, poser = person(number), open_atlas(), open_poser()
    vertices = poser.vertices(body)
    rest = build_topology(open_body(), 0).rest
    classes = np.where(rest[:, 2] > 0, CLASS_IDS["Tshirt"], CLASS_IDS["Trousers"]).astype(np.uint8)
    classes[(np.abs(rest[:, 0]) > 0.45) | (rest[:, 2] < -0.6)] = 0
    wave = 0.025 + 0.015 * np.sin(9 * rest[:, 2] + number)
    displacement = np.where(classes[:, None] > 0, wave[:, None] * _normals(vertices, atlas.faces["default"]), 0.0)
    worn = garment_meshes(atlas, (vertices + displacement).astype(np.float32), classes, "default")
    shown = [ViewMesh("body", *whole_body(body), BODY_COLOUR)]
    shown += [ViewMesh(name, *mesh, GARMENT_COLOURS[name]) for name, mesh in worn.items()]
    return Sample(
        key=f"{split}-{number:05d}-0000",
        image=render_through(shown, body.camera, IMAGE),
        body_uv=poser.map(vertices),
        displacement_uv=fill(atlas, displacement, classes > 0, "least_norm"),
        segments=rasterise_classes(atlas, classes),
        vertex_classes=classes,
        body_vertices=vertices,
        topology="default",
        body=body,
        garments={name: RawGarment(*mesh) for name, mesh in worn.items()} if raw else {},
    )


def whole_body(body: FrameBody) -> tuple[np.ndarray, np.ndarray]:
    """Vertices and faces of the whole body, head and hands too, in the sample frame."""
    from garment_uv.body import BodyParameters
    from garment_uv.datasets.cloth3d.camera import turned

    posed = open_body().pose(BodyParameters(body.gender, body.shape, body.pose))
    return turned(posed, body.zrot), open_body().faces


def write_clothed(folder: Path, train: int = 4, val: int = 2, body_digest: str = "", body_name: str = "anny") -> Path:
    """A dataset of these people in `folder`."""
    atlas, work = open_atlas(), folder.with_name(f"{folder.name}.work")
    work.mkdir(parents=True)
    sink = FolderSink(folder)
    sink.begin()
    writer = ShardWriter(sink, work, samples_per_shard=4)
    form = SampleFormat(SIZE, IMAGE, atlas.num_vertices, 1.0, 1.5)
    for split, first, count in (("train", 0, train), ("val", 100, val)):
        for number in range(first, first + count):
            sample = clothed_sample(split, number, raw=split != "train")
            writer.add(split, tar_blocks(sample.key, encode_sample(sample, form)), OUTFIT)
    atlas.save(work / ATLAS_KEY)
    size, sha256 = file_digest(work / ATLAS_KEY)
    sink.put(ATLAS_KEY, work / ATLAS_KEY)
    sink.publish(
        Manifest(
            body=BodyEntry(name=body_name, body_digest=body_digest or open_body().digest),
            atlas=AtlasEntry(
                bytes=size, sha256=sha256, atlas_digest=atlas.digest, size=SIZE, num_vertices=atlas.num_vertices
            ),
            image_size=IMAGE,
            displacement_limit_m=1.0,
            body_limit_m=1.5,
            fill="least_norm",
            subdivisions=0,
            every=1,
            evaluation_splits=("val",),
            shards=writer.close(),
        )
    )
    return folder


def _normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    normals = np.zeros_like(vertices)
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    for k in range(3):
        np.add.at(normals, faces[:, k], np.cross(b - a, c - a))
    return normals / np.linalg.norm(normals, axis=1, keepdims=True)
