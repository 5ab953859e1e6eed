"""Meshes to look at, and a model that sees a Top wherever it looks, with a picture and a body for it."""

import numpy as np
import pytest
import torch
import trimesh
from PIL import Image

from garment_uv.body import build_topology, load_body
from garment_uv.classes import CLASS_IDS
from garment_uv.estimation.body_file import BodyFile
from garment_uv.networks.generator import GarmentGenerator
from garment_uv.samples.sample import FrameBody
from garment_uv.training.model_file import TrainedOn, save_model
from garment_uv.uv.build import build_atlas
from garment_uv.viewing.meshes import BODY_COLOUR, GARMENT_COLOURS, ViewMesh
from tests.garment_uv.cylinder import small_config
from tests.garment_uv.written import write_body_file

IMAGE_SIZE = 64


def _tube(radius: float, height: float) -> tuple[np.ndarray, np.ndarray]:
    mesh = trimesh.creation.capsule(height=height, radius=radius, count=[24, 24])
    return np.array(mesh.vertices), np.array(mesh.faces)


@pytest.fixture(scope="session")
def body() -> ViewMesh:
    return ViewMesh("body", *_tube(0.2, 1.2), BODY_COLOUR)


@pytest.fixture(scope="session")
def dress() -> ViewMesh:
    vertices, faces = _tube(0.26, 0.6)
    return ViewMesh("Dress", vertices, faces, GARMENT_COLOURS["Dress"])


@pytest.fixture(scope="session")
def open_body():
    return load_body("anny")


@pytest.fixture(scope="session")
def frame() -> FrameBody:
    pose = np.zeros(72, np.float32)
    pose[0] = np.pi / 2
    pose[3 * 16 + 2] = -0.6
    return FrameBody(
        gender=1,
        shape=np.linspace(-0.5, 0.5, 10, dtype=np.float32),
        pose=pose,
        trans=np.array([0.1, 0.2, 1.0], np.float32),
        zrot=0.4,
        camera=np.array([4.1, 0.0, 0.3], np.float32),
    )


@pytest.fixture(scope="session")
def model(open_body, tmp_path_factory):
    """An untrained model that sees a Top wherever it looks."""
    topology = build_topology(open_body, 0)
    torch.manual_seed(0)
    config = small_config()
    generator = GarmentGenerator(config.generator)
    with torch.no_grad():
        generator.segment_head.last.bias[CLASS_IDS["Top"]] = 50.0
    trained_on = TrainedOn(
        dataset_version="0" * 64,
        body_model="anny",
        body_digest=open_body.digest,
        subdivisions=0,
        image_size=IMAGE_SIZE,
    )
    folder = tmp_path_factory.mktemp("image") / "model"
    save_model(folder, generator, config, build_atlas(topology, IMAGE_SIZE), trained_on, 0)
    return folder


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "picture.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (480, 640, 4), dtype=np.uint8), "RGBA").save(path)
    return path


@pytest.fixture
def body_file(tmp_path, frame):
    path = tmp_path / "body.json"
    write_body_file(path, BodyFile.of_frame(frame, "anny"))
    return path
