"""One picture and one body file to garments, on the real open body."""

import numpy as np
import pytest
import torch
import trimesh
from PIL import Image

from garment_uv.body import BodyParameters, build_topology
from garment_uv.datasets.cloth3d.camera import crop, turned
from garment_uv.errors import UserError
from garment_uv.estimation.estimator_files import read_body
from garment_uv.estimation.person import read_pixels
from garment_uv.inference.reconstructor import Reconstructor, framed
from garment_uv.networks.generator import GarmentGenerator
from garment_uv.training.model_file import save_model
from garment_uv.viewing.reconstruct import overview, reconstruct, reconstruct_files
from tests.garment_uv.cylinder import small_config
from tests.garment_uv.written import read_body_file, write_body_file

SIZE = 64


def test_garments_lie_on_the_posed_and_turned_body(model, picture, body_file, open_body, frame):
    found = reconstruct(Reconstructor(model), picture, read_body(body_file))
    assert set(found.garments) == {"Top"}
    posed = open_body.pose(BodyParameters(frame.gender, frame.shape, frame.pose))
    expected = build_topology(open_body, 0).vertices(turned(posed, frame.zrot))
    assert np.abs(found.body.vertices - expected).max() < 1e-5
    assert len(found.garments["Top"].vertices) == len(expected)
    distance = np.linalg.norm(found.garments["Top"].vertices - expected, axis=1)
    assert 0 < distance.max() < 0.2
    assert found.image.shape == (SIZE, SIZE, 3)
    assert overview(found, 64).shape == (64, 256, 3)


def test_pushed_out_of_the_body(model, picture, body_file):
    plain = reconstruct(Reconstructor(model), picture, read_body(body_file))
    pushed = reconstruct(Reconstructor(model, push_out_of_body=True), picture, read_body(body_file))
    moved = np.linalg.norm(pushed.garments["Top"].vertices - plain.garments["Top"].vertices, axis=1)
    assert 0 < (moved > 0).mean() < 1


def test_files(model, picture, body_file, tmp_path):
    written = reconstruct_files(Reconstructor(model), picture, read_body(body_file), tmp_path / "new" / "mesh.glb")
    assert [path.name for path in written] == ["mesh.glb", "mesh.png", "mesh.html"]
    assert list(trimesh.load(written[0]).geometry) == ["Top"]
    assert Image.open(written[1]).size == (4 * 384, 384)
    assert "picture.png" in written[2].read_text()


def test_a_frame_and_its_crop_are_the_same_picture(picture, frame, tmp_path):
    whole = np.asarray(Image.open(picture).convert("RGB"))
    square = tmp_path / "crop.png"
    Image.fromarray(np.ascontiguousarray(crop(whole, frame.camera, SIZE))).save(square)
    seen = [framed(read_pixels(path)[..., :3], frame.camera, SIZE, path.name) for path in (picture, square)]
    assert np.array_equal(*seen)


def refused(match, model, picture, body, out):
    with pytest.raises(UserError, match=match) as caught:
        reconstruct_files(Reconstructor(model), picture, read_body(body), out)
    assert "\n" not in str(caught.value)


def test_bad_input_is_one_line_and_nothing_is_written(model, picture, body_file, tmp_path):
    out = tmp_path / "out" / "mesh.glb"
    cut = tmp_path / "cut.png"
    cut.write_bytes(picture.read_bytes()[:20_000])
    refused("cut.png cannot be read", model, cut, body_file, out)
    jpeg = tmp_path / "cut.jpg"
    Image.open(picture).convert("RGB").save(tmp_path / "whole.jpg")
    jpeg.write_bytes((tmp_path / "whole.jpg").read_bytes()[:9_000])
    refused("cut.jpg cannot be read", model, jpeg, body_file, out)
    refused("body.json cannot be read", model, body_file, body_file, out)
    refused("no picture at", model, tmp_path / "none.png", body_file, out)
    wide = tmp_path / "wide.png"
    Image.new("RGB", (100, 50)).save(wide)
    refused("wide.png is 100x50", model, wide, body_file, out)
    refused("no body file", model, picture, tmp_path / "none.json", out)
    refused("no model folder", tmp_path, picture, body_file, out)
    refused(".glb or .obj", model, picture, body_file, tmp_path / "mesh.stl")
    other = tmp_path / "other.json"
    write_body_file(other, read_body_file(body_file).with_values({"body_model": "smpl"}))
    refused("body 'smpl'", model, picture, other, out)
    assert not out.parent.exists()


def test_another_body_than_the_models_is_refused(model, picture, body_file, tmp_path, frame):
    config = small_config()
    generator = GarmentGenerator(config.generator)
    with torch.no_grad():
        generator.segment_head.last.bias[0] = 50.0
    from garment_uv.training.model_file import load_model, read_card

    atlas, card = load_model(model)[2], read_card(model)
    save_model(tmp_path / "blind", generator, config, atlas, card.trained_on, 0)
    refused("sees no garment", tmp_path / "blind", picture, body_file, tmp_path / "mesh.glb")
    foreign = card.trained_on.with_values({"body_digest": "0123456789abcdef"})
    save_model(tmp_path / "foreign", generator, config, atlas, foreign, 0)
    refused("is not the one", tmp_path / "foreign", picture, body_file, tmp_path / "mesh.glb")
    finer = card.trained_on.with_values({"subdivisions": 1})
    save_model(tmp_path / "finer", generator, config, atlas, finer, 0)
    refused("is not the one", tmp_path / "finer", picture, body_file, tmp_path / "mesh.glb")
