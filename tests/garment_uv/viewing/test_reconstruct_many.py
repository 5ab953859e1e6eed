"""A folder of pictures and a video, of which some cannot be used."""

import shutil

import numpy as np
import pytest

from garment_uv.errors import UserError
from garment_uv.estimation.body_file import BodyFile
from garment_uv.estimation.estimator_files import read_bodies
from garment_uv.inference.reconstructor import Reconstructor
from garment_uv.viewing.reconstruct import reconstruct
from garment_uv.viewing.reconstruct_many import folder_items, reconstruct_many, video_items
from tests.garment_uv.pictured import IMAGE_SIZE
from tests.garment_uv.written import write_body_file, write_video


@pytest.fixture(scope="module")
def loaded(model):
    return Reconstructor(model)


@pytest.fixture
def folder(tmp_path, picture, body_file):
    """Three pictures: one whole, one truncated, one without a body."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in ("a", "b", "c"):
        shutil.copy(picture, folder / f"{name}.png")
        shutil.copy(body_file, folder / f"{name}.json")
    (folder / "b.png").write_bytes(picture.read_bytes()[:9000])
    (folder / "c.json").unlink()
    (folder / "notes.txt").write_text("no picture")
    return folder


def test_a_picture_that_fails_costs_itself(loaded, folder, tmp_path):
    reports = []
    out = tmp_path / "out"
    outcome = reconstruct_many(loaded, folder_items(folder), out, report=lambda *both: reports.append(both))
    assert outcome.written == ("a",) and list(outcome.failed) == ["b", "c"]
    assert "b.png cannot be read" in outcome.failed["b"] and "no c.json or c.npz" in outcome.failed["c"]
    assert sorted(path.name for path in out.iterdir()) == ["a.glb", "a.png", "index.html"]
    assert reports == [(0, 3), (1, 3), (2, 3), (3, 3)]
    assert '"title": "a"' in (out / "index.html").read_text()


def test_bodies_in_a_folder_of_their_own_and_objs(loaded, folder, body_file, tmp_path):
    bodies = tmp_path / "bodies"
    bodies.mkdir()
    shutil.copy(body_file, bodies / "c.json")
    outcome = reconstruct_many(loaded, folder_items(folder, bodies), tmp_path / "out", ".obj")
    assert outcome.written == ("c",) and (tmp_path / "out" / "c.obj").is_file()
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="holds no picture"):
        folder_items(tmp_path / "empty")
    shutil.copy(folder / "a.png", folder / "a.PNG")
    with pytest.raises(UserError, match="two pictures named 'a'"):
        folder_items(folder)


def test_nothing_that_could_be_used_leaves_no_page(loaded, folder, tmp_path):
    (folder / "a.json").unlink()
    (folder / "b.json").unlink()
    outcome = reconstruct_many(loaded, folder_items(folder), tmp_path / "out")
    assert not outcome.written and outcome.page is None and not (tmp_path / "out").exists()
    assert "has no body network" in outcome.failed["a"]


def test_every_second_frame_of_a_video_with_its_own_body(loaded, frame, tmp_path):
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 255, (IMAGE_SIZE, IMAGE_SIZE, 3), dtype=np.uint8) for _ in range(5)]
    write_video(tmp_path / "walk.mkv", pictures)
    poses = np.stack([frame.pose + 0.05 * t for t in range(5)])
    one = BodyFile.of_frame(frame, "anny").plain()
    np.savez(tmp_path / "bodies.npz", **{**{k: np.asarray(v) for k, v in one.items()}, "pose": poses})
    items, close = video_items(tmp_path / "walk.mkv", tmp_path / "bodies.npz", every=2)
    outcome = reconstruct_many(loaded, items, tmp_path / "out")
    close()
    assert outcome.written == ("walk-000000", "walk-000002", "walk-000004") and not outcome.failed
    body = read_bodies(tmp_path / "bodies.npz")[2]
    assert np.allclose(body.pose, poses[2], atol=1e-6)
    alone = reconstruct(loaded, pictures[2], body)
    image, told = items[1].load()
    again = reconstruct(loaded, image, told)
    assert np.array_equal(again.garments["Top"].vertices, alone.garments["Top"].vertices)
    np.savez(tmp_path / "few.npz", **{**{k: np.asarray(v) for k, v in one.items()}, "pose": poses[:3]})
    with pytest.raises(UserError, match="holds 3 bodies, .* has 5 frames"):
        video_items(tmp_path / "walk.mkv", tmp_path / "few.npz", every=1)


def test_one_body_file_reads_as_before(tmp_path, frame):
    path = tmp_path / "one.npz"
    write_body_file(path, BodyFile.of_frame(frame, "anny"))
    assert read_bodies(path) == [BodyFile.of_frame(frame, "anny")]
