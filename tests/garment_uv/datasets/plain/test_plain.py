"""Plain folders: samples as of CLOTH3D's layout, garments taken back to rest, one line for what does not fit."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from experiments.examples.plain_folder import convert
from garment_uv.body import load_body
from garment_uv.body.protocol import BodyParameters
from garment_uv.body.skeleton import REST_POSE
from garment_uv.datasets.cloth3d.sequence import Sequence, find_sequences
from garment_uv.datasets.open.synthesize import synthesize
from garment_uv.datasets.plain.description import FILE
from garment_uv.datasets.plain.sequence import PlainSequence
from garment_uv.datasets.plain.unpose import TwoPoses, local_rotations, unposed
from garment_uv.datasets.raw import open_sequence
from garment_uv.errors import UserError
from garment_uv.geometry.normals import vertex_normals
from garment_uv.geometry.rotations import about_z, axis_angles, rotation_matrices
from garment_uv.samples.config import PrepareOptions
from garment_uv.samples.prepare import prepare
from garment_uv.samples.sink import FolderSink
from garment_uv.samples.source import FolderSource, iterate_samples

OPTIONS = PrepareOptions(map_size=64, image_size=128, subdivisions=0, layout="crowded", floor_frames=2)


@pytest.fixture(scope="module")
def body():
    return load_body("anny")


@pytest.fixture(scope="module")
def raw(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("cloth3d")
    synthesize(folder, 2, 2, seed=3, splits={"train": 1.0}, image_format="frames")
    return folder


@pytest.fixture(scope="module")
def plain(raw, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("plain")
    for split, found in find_sequences(raw):
        convert(found, folder / split / found.name)
    return folder


@pytest.fixture
def one(plain, tmp_path) -> Path:
    return shutil.copytree(next(plain.glob("train/*")), tmp_path / "00000")


def change(folder: Path, edit) -> None:
    values = json.loads((folder / FILE).read_text())
    edit(values)
    (folder / FILE).write_text(json.dumps(values))


def test_samples_are_those_of_the_datasets_own_layout(raw, plain, body, tmp_path):
    sets = []
    for name, folder in (("ours", plain), ("theirs", raw)):
        prepare(folder, FolderSink(tmp_path / name), body, OPTIONS)
        sets.append(FolderSource(tmp_path / name))
    assert not sets[0].manifest.left_out
    for ours, theirs in zip(*(iterate_samples(source, "train") for source in sets), strict=True):
        turn = about_z(float(np.arctan2(-theirs.body.camera[1], theirs.body.camera[0])))
        assert ours.key == theirs.key and ours.body.camera == pytest.approx(turn @ theirs.body.camera, abs=1e-4)
        assert np.abs(ours.body_vertices - theirs.body_vertices @ turn.T).max() < 2e-4
        assert (ours.vertex_classes == theirs.vertex_classes).mean() > 0.97
        inside, outside = ours.mask == 255, ours.mask == 0
        assert (ours.parsing[inside] == 0).mean() < 0.002 and (ours.parsing[outside] > 0).mean() < 0.001
        assert np.abs(ours.image[inside].mean(axis=0) - theirs.image[theirs.mask == 255].mean(axis=0)).max() < 4
    floors = [[mm for entry in s.manifest.sequences for mm in entry.floor_s2s_mm.values()] for s in sets]
    assert np.mean(floors[0]) < np.mean(floors[1]) + 0.5


def test_a_world_with_y_up_is_the_same_sequence(one, body):
    before = PlainSequence.open(one)
    upright = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])  # y-up to z-up

    def lay(values):
        values["up"] = "y"
        for frame in values["frames"]:
            frame["root"] = (upright.T @ frame["root"]).tolist()
            frame["camera"]["R"] = (np.array(frame["camera"]["R"]) @ upright).tolist()
            for name in frame["garments"].values():
                lines = (one / name).read_text().splitlines()
                moved = [
                    "v {:.7g} {:.7g} {:.7g}".format(*(upright.T @ np.array(line.split()[1:], float)))
                    if line.startswith("v ")
                    else line
                    for line in lines
                ]
                (one / name).write_text("\n".join(moved) + "\n")
            turned = upright.T @ rotation_matrices(np.array(frame["pose"])[None, :3])[0]
            frame["pose"][:3] = axis_angles(turned).tolist()

    frames = [before.frame(index) for index in before.frame_indices]
    change(one, lay)
    after = PlainSequence.open(one)
    for old in frames:
        new = after.frame(old.index)
        assert new.trans == pytest.approx(old.trans, abs=1e-6) and new.camera == pytest.approx(old.camera, abs=1e-6)
        assert np.abs(body.pose(new.body) - body.pose(old.body)).max() < 1e-4
        for name in old.garments:
            assert np.abs(new.garments[name] - old.garments[name]).max() < 1e-5
        assert np.array_equal(new.square(64)[1], old.square(64)[1])


def test_a_shell_around_a_posed_body_is_taken_back_to_rest(body):
    rng = np.random.default_rng(0)
    shape = rng.normal(0, 1, 10).astype(np.float32)
    pose = REST_POSE + np.concatenate([np.zeros(3), rng.normal(0, 0.25, 69)]).astype(np.float32)
    posed, rest = body.pose(BodyParameters(0, shape, pose)), body.rest(BodyParameters(0, shape, REST_POSE))
    joints = body.joints(BodyParameters(0, shape, REST_POSE))
    both = TwoPoses(posed, rest, body.faces, joints)
    middle = np.abs(rest[:, 0]) < 0.15
    shells = [found + 0.01 * vertex_normals(found, body.faces) for found in (posed, rest)]
    off = np.linalg.norm(unposed(shells[0][middle], both, "Tshirt") - shells[1][middle], axis=1)
    assert np.median(off) < 0.002 and np.percentile(off, 95) < 0.015
    turns = local_rotations(rest, rest @ about_z(0.7).T, body.faces)
    assert np.abs(turns - about_z(0.7)).max() < 1e-4
    assert not both.wearing("Skirt")[np.abs(rest[:, 0]) > 0.5].any()
    assert both.wearing("Top").sum() > both.wearing("Skirt").sum()


def test_a_rest_mesh_that_is_given_is_taken(raw, one, body):
    split, first = find_sequences(raw)[0]
    theirs = Sequence.open(first)
    name = next(iter(theirs.garments))
    shutil.copyfile(first / f"{name}.obj", one / "rest.obj")
    change(one, lambda values: values.update(rest={name: "rest.obj"}))
    found = PlainSequence.open(one).rest_garments(body)
    assert set(found) == set(theirs.garments)
    assert found[name] == pytest.approx(theirs.garments[name].rest.vertices, abs=1e-6)


def frame_of(values: dict) -> dict:
    return values["frames"][0]


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        (lambda v: frame_of(v).pop("camera"), "camera: Field required"),
        (lambda v: frame_of(v)["camera"].update(R=[[1, 0, 0], [0, 1, 0], [0, 0, 2]]), "R is no rotation"),
        (lambda v: frame_of(v)["camera"].update(K=[[1, 0, 0], [0, 1, 0], [0, 0, 2]]), "K is no pinhole"),
        (lambda v: v.update(shape=[0.0]), "shape: "),
        (lambda v: v.update(garments=["Cape"]), "unknown garment 'Cape'"),
        (lambda v: frame_of(v)["garments"].popitem(), "frame 0 has "),
        (lambda v: frame_of(v).update(picture="../secret.png"), "picture: String should match"),
        (lambda v: frame_of(v).update(picture="none.png"), "none.png: no such file"),
        (lambda v: v.update(format="other"), "format: "),
        (lambda v: v.update(frames=[]), "frames: "),
    ],
)
def test_a_description_that_does_not_fit_is_one_line(one, edit, why):
    change(one, edit)
    with pytest.raises(UserError) as told:
        open_sequence(one)
    assert why in str(told.value) and "\n" not in str(told.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "[" * 100_000, '{"format": NaN}'])
def test_what_is_no_description_is_one_line(one, text):
    (one / FILE).write_text(text)
    with pytest.raises(UserError, match=FILE) as told:
        open_sequence(one)
    assert "\n" not in str(told.value)


def test_files_that_do_not_fit_are_named(one):
    described = json.loads((one / FILE).read_text())["frames"]
    picture = one / described[1]["picture"]
    Image.open(picture).convert("RGB").save(picture)
    with pytest.raises(UserError, match=f"{picture.name}: has no transparency"):
        open_sequence(one).frame(1)
    picture.write_bytes(b"no picture")
    with pytest.raises(UserError, match=f"{picture.name}: cannot be read"):
        open_sequence(one).frame(1)
    shutil.copyfile(one / described[0]["picture"], picture)
    mesh = one / next(iter(described[1]["garments"].values()))
    mesh.write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n")
    with pytest.raises(UserError, match=f"{mesh.name}: has other faces"):
        open_sequence(one).frame(1)
    Image.new("L", (3, 3), 255).save(one / "mask.png")
    change(one, lambda values: frame_of(values).update(mask="mask.png"))
    with pytest.raises(UserError, match="mask.png: is of another size"):
        open_sequence(one).frame(0)


def test_a_broken_sequence_is_left_out_with_its_reason(plain, body, tmp_path):
    raw = shutil.copytree(plain, tmp_path / "raw")
    broken = sorted(raw.glob("train/*"))[1]
    change(broken, lambda values: frame_of(values).pop("camera"))
    manifest = prepare(raw, FolderSink(tmp_path / "set"), body, OPTIONS)
    (left_out,) = manifest.left_out
    assert left_out.sequence == broken.name and "camera: Field required" in left_out.reason
