import hashlib
import json
import shutil

import numpy as np
import pytest
from scipy.ndimage import maximum_filter

from garment_uv.body.protocol import BodyParameters
from garment_uv.datasets.cloth3d.camera import project, relative_camera, turned
from garment_uv.datasets.cloth3d.sequence import Sequence, find_sequences
from garment_uv.datasets.open import synthesize as module
from garment_uv.datasets.open.appearance import draw_appearance
from garment_uv.datasets.open.collider import Collider
from garment_uv.datasets.open.drape import Garment
from garment_uv.datasets.open.outfits import draw_outfit
from garment_uv.datasets.open.perform import perform
from garment_uv.datasets.open.plan import SequencePlan
from garment_uv.datasets.open.stage import T_POSE, stacked
from garment_uv.datasets.open.synthesize import ORDER_FILE, synthesize
from garment_uv.errors import UserError


@pytest.fixture(scope="module", autouse=True)
def shared_stage(stage):
    """The process's one stage, as a second call of `synthesize` would find it."""
    before, module._stage = module._stage, stage
    yield
    module._stage = before


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    out = tmp_path_factory.mktemp("raw") / "set"
    seen = []
    synthesize(out, 3, 2, seed=4, image_format="frames", progress=lambda done, total: seen.append((done, total)))
    assert seen == [(0, 3), (1, 3), (2, 3), (3, 3)]
    return out


def digests(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_reader_reads_what_was_written(raw, stage):
    found = find_sequences(raw)
    assert sorted(split for split, _ in found) == ["test", "train", "val"]
    for _, path in found:
        sequence = Sequence.open(path)
        assert sequence.num_frames == 2
        assert set(sequence.garments) == set(sequence.info.outfit)
        for index in range(2):
            frame = sequence.frame(index)
            assert frame.rgb.shape == (480, 640, 3)
            camera = relative_camera(sequence.info.cam_loc, frame.trans, sequence.info.zrot)
            for name, vertices in frame.garments.items():
                pixels = np.floor(project(turned(vertices, sequence.info.zrot), camera)).astype(int)
                inside = (pixels >= 0).all(axis=1) & (pixels < [640, 480]).all(axis=1)
                assert inside.mean() > 0.9, name
                # A silhouette's vertices may fall just beside the last pixel that shows it.
                near = maximum_filter(frame.alpha, 3)
                assert (near[pixels[inside, 1], pixels[inside, 0]] > 0).all(), name
            assert 0.01 < (frame.alpha > 0).mean() < 0.4
            assert frame.rgb[frame.alpha == 0].max() == 0
        sequence.close()


def test_feet_are_on_the_ground_and_cloth_is_outside(raw, stage):
    for _, path in find_sequences(raw):
        sequence = Sequence.open(path)
        for index in range(sequence.num_frames):
            frame = sequence.frame(index)
            body = stage.body.pose(frame.body)
            floor = body[:, 2].min() + frame.trans[2]
            assert -0.03 < floor < 0.25, "over the ground only in a jump"
            collider = Collider(body, stage.body.faces)
            for name, vertices in frame.garments.items():
                moved = collider.pushed(vertices, 0.0, nearby=0.03)
                depth = np.linalg.norm(moved - vertices, axis=1)
                assert (depth > 0.002).mean() < 0.02, name
        sequence.close()


def test_the_folder_holds_every_file_of_the_layout(raw):
    for _, path in find_sequences(raw):
        sequence = Sequence.open(path)
        for name, garment in sequence.info.outfit.items():
            assert (path / f"{name}.obj").exists() and (path / f"{name}.pc16").exists()
            assert (path / f"{name}.png").exists() == (garment.texture_type == "pattern")
            assert garment.fabric
        assert sequence.info.lights_data and len(sequence.info.tightness) == 2
        sequence.close()


def test_the_same_order_gives_the_same_bytes_on_one_or_two_workers(raw, tmp_path):
    synthesize(tmp_path / "again", 3, 2, seed=4, image_format="frames", workers=2)
    assert digests(tmp_path / "again") == digests(raw)


def test_an_interrupted_set_is_completed_and_the_rest_kept(raw, tmp_path):
    shutil.copytree(raw, tmp_path / "set")
    shutil.rmtree(next((tmp_path / "set" / "train").iterdir()))
    kept = next((tmp_path / "set" / "test").iterdir()) / "info.mat"
    stamp = kept.stat().st_mtime_ns
    synthesize(tmp_path / "set", 3, 2, seed=4, image_format="frames")
    assert digests(tmp_path / "set") == digests(raw)
    assert kept.stat().st_mtime_ns == stamp


def test_videos_hold_the_same_pictures(raw, tmp_path):
    (video,) = synthesize(tmp_path / "set", 1, 2, seed=4, splits={"train": 1})
    assert (video / "00000.mkv").exists() and (video / "00000_segm.mkv").exists()
    with_png, with_video = Sequence.open(raw / "train" / "00000"), Sequence.open(video)
    one, two = with_png.frame(1), with_video.frame(1)
    np.testing.assert_array_equal(one.alpha, two.alpha)
    np.testing.assert_array_equal(one.rgb, two.rgb)
    with_png.close()
    with_video.close()


def test_a_garment_is_not_a_function_of_the_body(stage):
    """One subject in one pose: outfits of one kind lie centimetres apart, in length and in width."""
    helpers = stacked(stage.body.pose_helpers(BodyParameters(0, np.zeros(10, np.float32), T_POSE)))
    hems, widths = [], []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        (cut,) = draw_outfit(("Dress",), rng).cuts
        shape = Garment(stage.tailor.pattern(cut), helpers, rng).unstrained
        hems.append(shape[:, 2].min())
        band = np.abs(shape[:, 2] + 0.25) < 0.02
        widths.append(np.ptp(shape[band, 0]))
    assert np.std(hems) > 0.05 and np.std(widths) > 0.01


def test_few_frames_still_span_varied_poses(stage):
    done = perform(stage, SequencePlan("train", 0, 3, ("Tshirt", "Trousers"), "dance", 4))
    assert done.info.num_poses == 4 and done.info.seq_end > 40
    assert np.abs(np.diff(done.info.poses, axis=0)).max(axis=1).min() > 0.1


def test_upper_is_worn_over_the_lower(stage):
    done = perform(stage, SequencePlan("train", 2, 8, ("Tshirt", "Trousers"), "squat", 2))
    lower, upper = done.garments["Trousers"], done.garments["Tshirt"]
    faces = np.array([(*f, f[-1])[:3] for f in lower.faces] + [(f[0], f[2], f[3]) for f in lower.faces if len(f) == 4])
    for index in range(2):
        under = Collider(lower.frames[index], faces)
        moved = under.pushed(upper.frames[index], 0.0, nearby=0.03, steep=0.75)
        assert (np.linalg.norm(moved - upper.frames[index], axis=1) > 0.002).mean() < 0.01


def test_looks_differ_between_garments():
    look = draw_appearance(("Skirt", "Top"), {"Skirt": "silk", "Top": "denim"}, np.random.default_rng(0))
    assert look.looks["Skirt"].colour != look.looks["Top"].colour
    assert 4.0 < look.camera[0] < 5.5 and look.camera[1] == 0


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"image_format": "gif"}, "image_format"),
        ({"workers": 0}, "workers"),
        ({"sequences": 0}, "sequences"),
        ({"seed": 5}, "other arguments"),
    ],
)
def test_wrong_orders_are_refused_in_one_line(raw, changes, says):
    order = {"sequences": 3, "frames": 2, "seed": 4, "image_format": "frames"} | changes
    with pytest.raises(UserError, match=says) as caught:
        synthesize(raw, **order)
    assert "\n" not in str(caught.value)


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match="not empty"):
        synthesize(tmp_path, 1, 1)
    assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]


def test_the_order_is_written_beside_the_splits(raw):
    assert json.loads((raw / ORDER_FILE).read_text())["seed"] == 4


def test_full_variety_is_an_order_of_its_own_and_is_read(tmp_path):
    order = {"sequences": 1, "frames": 1, "splits": {"train": 1}, "image_format": "frames"}
    (made,) = synthesize(tmp_path / "set", **order, variety="full")
    assert json.loads((tmp_path / "set" / ORDER_FILE).read_text())["variety"] == "full"
    sequence = Sequence.open(made)
    assert all(item.texture_type == "pattern" for item in sequence.info.outfit.values()), "each has its grain"
    assert np.isfinite(sequence.frame(0).trans).all() and (sequence.frame(0).alpha > 0).mean() > 0.01
    sequence.close()
    with pytest.raises(UserError, match="other arguments"):
        synthesize(tmp_path / "set", **order)
    with pytest.raises(UserError, match="variety is 'basic' or 'full'"):
        synthesize(tmp_path / "other", **order, variety="wide")
    assert not (tmp_path / "other").exists()
