"""A picture without a body file: the estimated body is written, and gives the same garments when given again."""

import numpy as np
import pytest
import torch
import trimesh
from PIL import Image

from garment_uv.classes import CLASS_IDS
from garment_uv.errors import UserError
from garment_uv.estimation.config import BodyFitConfig
from garment_uv.estimation.model_file import BodyCard, save_body_model
from garment_uv.estimation.network import BodyRegressor
from garment_uv.estimation.picture_alone import ANYONE, Person
from garment_uv.inference.reconstructor import Reconstructor
from garment_uv.networks.generator import GarmentGenerator
from garment_uv.training.model_file import TrainedOn, save_model
from garment_uv.viewing.reconstruct import reconstruct, reconstruct_files
from tests.garment_uv.clothed import IMAGE, open_atlas, open_body
from tests.garment_uv.cylinder import small_config
from tests.garment_uv.written import read_body_file


def write_body_network(folder, **changes):
    """An untrained one, that says a body near the middle of its square."""
    config = BodyFitConfig().with_values({"network.image_size": 64, "network.features": 4, "network.hidden": 8})
    torch.manual_seed(0)
    network = BodyRegressor(config.network)
    upright = torch.eye(3).repeat(1, 24, 1, 1)
    upright[0, 0] = torch.tensor([[0.0, 0, 1], [1, 0, 0], [0, 1, 0]])  # facing the camera
    network.start_from(upright, torch.zeros(1, 10))
    card = BodyCard(
        config=config, config_digest=config.digest(), epoch=0, dataset_version="0" * 64, body_model="anny",
        body_digest=open_body().digest, mean_depth_m=4.5,
    ).with_values(changes)  # fmt: skip
    save_body_model(folder, network, card)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """An untrained garment model that sees a Top wherever it looks, with an untrained companion."""
    torch.manual_seed(0)
    config = small_config()
    generator = GarmentGenerator(config.generator)
    with torch.no_grad():
        generator.segment_head.last.bias[CLASS_IDS["Top"]] = 50.0
    trained_on = TrainedOn(
        dataset_version="0" * 64, body_model="anny", body_digest=open_body().digest, subdivisions=0, image_size=IMAGE
    )
    folder = tmp_path_factory.mktemp("alone") / "model"
    save_model(folder, generator, config, open_atlas(), trained_on, 0)
    write_body_network(folder / "body")
    return folder


@pytest.fixture
def picture(tmp_path):
    """A 640x480 frame: a coloured person-sized patch on black."""
    pixels = np.zeros((480, 640, 3), np.uint8)
    pixels[120:420, 280:380] = np.random.default_rng(0).integers(60, 255, (300, 100, 3))
    path = tmp_path / "picture.png"
    Image.fromarray(pixels).save(path)
    return path


def test_the_estimated_body_given_again_gives_the_same_garments(model, picture, tmp_path):
    loaded = Reconstructor(model)
    written = reconstruct_files(loaded, picture, None, tmp_path / "mesh.glb")
    assert [path.name for path in written] == ["mesh.glb", "mesh.png", "mesh.html", "mesh.body.json"]
    assert list(trimesh.load(written[0]).geometry) == ["Top"]
    alone, given = reconstruct(loaded, picture), reconstruct(loaded, picture, read_body_file(written[3]))
    assert np.abs(alone.image.astype(int) - given.image).max() <= 1
    assert np.abs(alone.body.vertices - given.body.vertices).max() < 1e-5
    assert np.abs(alone.garments["Top"].vertices - given.garments["Top"].vertices).max() < 2e-3
    body = read_body_file(written[3])
    assert body.body_model == "anny" and body.zrot == 0
    # upright, and the left hand on the picture's right: facing the camera, nobody is mirrored
    vertices = alone.body.vertices
    assert np.ptp(vertices[:, 2]) > 1.0 and abs(vertices[:, 2].min() + vertices[:, 2].max()) < 0.9


def test_person_hints_and_another_network(model, picture, tmp_path):
    write_body_network(tmp_path / "other")
    photograph = tmp_path / "photograph.jpg"
    noisy = np.random.default_rng(1).integers(0, 255, (500, 700, 3), dtype=np.uint8)
    Image.fromarray(noisy).save(photograph)
    boxed = reconstruct(
        Reconstructor(model, body_network=tmp_path / "other"), photograph, person=Person(box=(200, 50, 350, 450))
    )
    assert set(boxed.garments) == {"Top"} and boxed.camera[0] == pytest.approx(4.5)
    mask = np.zeros((500, 700), np.uint8)
    mask[50:450, 200:350] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    masked = reconstruct(Reconstructor(model), photograph, person=Person(mask=tmp_path / "mask.png"))
    assert np.array_equal(masked.image, boxed.image)


def refused(said, model, picture, out, network=None, person=ANYONE):
    with pytest.raises(UserError, match=said) as caught:
        reconstruct_files(Reconstructor(model, body_network=network), picture, None, out, person=person)
    assert "\n" not in str(caught.value)


def test_refusals_are_one_line_and_nothing_is_written(model, picture, tmp_path):
    out = tmp_path / "out" / "mesh.glb"
    bare = tmp_path / "bare"
    bare.mkdir()
    for path in model.iterdir():
        if path.is_file():
            (bare / path.name).write_bytes(path.read_bytes())
    refused("has no body network: give --body FILE, or --body-model", bare, picture, out)
    refused("no body model folder", bare, picture, out, network=tmp_path / "nothing")
    write_body_network(tmp_path / "foreign", body_digest="0123456789abcdef")
    refused("train one on a dataset of that body", bare, picture, out, network=tmp_path / "foreign")
    refused("no picture at", model, tmp_path / "none.png", out)
    text = tmp_path / "text.png"
    text.write_text("no picture")
    refused("text.png cannot be read", model, text, out)
    Image.new("L", (640, 480)).save(tmp_path / "empty.png")
    refused("the mask shows no person", model, picture, out, person=Person(mask=tmp_path / "empty.png"))
    assert not out.parent.exists()
