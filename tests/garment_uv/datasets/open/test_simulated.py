import json
from dataclasses import replace

import numpy as np
import pytest

from garment_uv.datasets.cloth3d.sequence import Sequence
from garment_uv.datasets.open import simulated
from garment_uv.datasets.open import synthesize as module
from garment_uv.datasets.open.cast import draw_cast
from garment_uv.datasets.open.cloth.judge import Limits
from garment_uv.datasets.open.cloth.sheets import CannotSimulate
from garment_uv.datasets.open.cloth.solver import SolverOptions
from garment_uv.datasets.open.dressing import START_POSE
from garment_uv.datasets.open.motion import make_motion
from garment_uv.datasets.open.plan import SequencePlan
from garment_uv.datasets.open.scene import SETTLE, dressed_scene, hang
from garment_uv.datasets.open.sewable import CannotSew
from garment_uv.datasets.open.simulated import simulated_take, simulated_takes
from garment_uv.datasets.open.synthesize import LEFT_OUT_FILE, ORDER_FILE, Hanging, synthesize
from garment_uv.errors import UserError

PLAN = SequencePlan("train", 0, 3, ("Top", "Skirt"), "walk", 1)


@pytest.fixture(scope="module", autouse=True)
def shared_stage(stage):
    """The process's one stage, as a second call of `synthesize` would find it."""
    before, module._stage = module._stage, stage
    yield
    module._stage = before


@pytest.fixture(scope="module")
def take(stage):
    return simulated_take(stage, draw_cast(PLAN))


@pytest.fixture
def coarse(monkeypatch):
    """Tries of few substeps, each noted."""
    seen = []

    def noted(stage, scenes, options):
        seen.append(options.substeps)
        return [[[sheet.rest + scene.trans[0] for sheet in scene.sheets]] for scene in scenes]

    monkeypatch.setattr(simulated, "hang", noted)
    return seen


def test_a_take_is_outside_of_the_body_and_of_the_garment_under_it(stage, take):
    assert simulated._left_inside(take, stage.skin(take.body[0])) == ""
    skirt, top = take.frames[0]
    assert skirt[:, 2].min() < top[:, 2].min() and np.isfinite(skirt).all() and np.isfinite(top).all()
    for pattern, rest, points in zip(take.patterns, take.rests, take.frames[0], strict=True):
        assert len(rest) == len(points) == pattern.fine_faces.max() + 1


def test_the_same_cast_gives_the_same_bits(stage):
    scenes = [dressed_scene(stage, draw_cast(PLAN)) for _ in range(2)]
    one, two = (hang(stage, [scene], SolverOptions(substeps=2))[0] for scene in scenes)
    assert all(a.tobytes() == b.tobytes() for a, b in zip(one[0], two[0], strict=True))


def test_scenes_in_one_solver_move_to_the_bit_as_each_alone(stage):
    plans = [PLAN, SequencePlan("train", 1, 3, ("Dress",), "walk", 1)]
    scenes = [dressed_scene(stage, draw_cast(plan)) for plan in plans]
    options = SolverOptions(substeps=2)
    together = hang(stage, scenes, options)
    for scene, frames in zip(scenes, together, strict=True):
        (alone,) = hang(stage, [scene], options)
        assert [x.tobytes() for x in alone[0]] == [x.tobytes() for x in frames[0]]


def test_what_cannot_be_sewn_or_hung_leaves_the_others(stage, monkeypatch):
    """Three at once: one whose cut leaves nothing, one that explodes, and one that is fine."""
    real = stage.tailor.pattern

    def pattern(cut):
        if cut.name == "Dress":
            raise CannotSew("Dress: cannot be sewn: the cut leaves nothing of the garment")
        return real(cut)

    def hung(stage, scenes, options):
        assert len(scenes) == (2 if options.substeps == 20 else 1)
        fine = [[sheet.rest + scenes[0].trans[0] for sheet in scenes[0].sheets]]
        return [fine, []] if len(scenes) == 2 else [[]]

    monkeypatch.setattr(stage.tailor, "pattern", pattern)
    monkeypatch.setattr(simulated, "hang", hung)
    monkeypatch.setattr(simulated, "_fault", lambda scene, frames, *rest: "" if frames else "Skirt: not finite")
    casts = [draw_cast(SequencePlan("train", n, 3, names, "walk", 1)) for n, names in enumerate((PLAN.garments,) * 2)]
    casts.insert(1, draw_cast(SequencePlan("train", 2, 3, ("Dress",), "walk", 1)))
    fine, unsewn, exploded = simulated_takes(stage, casts)
    assert len(fine.frames) == 1
    assert str(unsewn) == "Dress: cannot be sewn: the cut leaves nothing of the garment"
    assert "not finite, with 40 substeps" in str(exploded)


def test_a_fault_is_tried_again_more_finely_and_then_said(stage, coarse):
    with pytest.raises(CannotSimulate, match="Skirt: .*at most.*with 40 substeps a frame") as caught:
        simulated_take(stage, draw_cast(PLAN), Limits(strain=1e-9, inside=0.0, slip=1e-9))
    assert coarse == [20, 40] and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda x: x - [0, 0, 0.3], "slip in metres 0.3"),
        (lambda x: x * [1, 1, 4.0], "strain p99"),
        (lambda x: np.where(np.arange(len(x))[:, None] == 5, np.nan, x), "not finite"),
    ],
    ids=["slipped off", "torn", "not a number"],
)
def test_cloth_that_is_spoilt_is_left_out_with_its_reason(stage, monkeypatch, spoil, says):
    tried = []

    def hung(stage, scenes, options):
        tried.append(options.substeps)
        place = [x + scenes[0].trans[scenes[0].moments.kept[0]] for x in (s.rest for s in scenes[0].sheets)]
        frames = [[spoil(x) for x in place]]
        return [frames if np.isfinite(np.concatenate(frames[0])).all() else []]

    monkeypatch.setattr(simulated, "hang", hung)
    with pytest.raises(CannotSimulate, match=f"{says}.*with 40 substeps a frame") as caught:
        simulated_take(stage, draw_cast(PLAN), Limits(inside=1.0, crossed=1.0), still)
    assert tried == [20, 40] and "\n" not in str(caught.value)


def still(kind, frames, heading, rng):
    motion = make_motion(kind, frames, heading, rng)
    poses = np.tile(START_POSE.astype(float), (frames, 1))
    return replace(motion, poses=poses, path=np.zeros((frames, 2)), lift=np.zeros(frames))


def test_cloth_settles_on_its_wearer_until_the_motion_begins_and_no_longer(stage):
    scene = dressed_scene(stage, draw_cast(PLAN))
    along, rate = scene.settling(1)
    assert rate == SETTLE
    np.testing.assert_allclose(along, (scene.trans[1] - scene.trans[0]) * 30)
    assert scene.settling(int(scene.moments.kept[0]))[1] == 0.0
    rates = [scene.settling(time)[1] for time in range(1, len(scene.trans))]
    assert (np.diff(rates) <= 0).all()


def test_cloth_that_is_not_finite_is_a_fault(stage, monkeypatch):
    monkeypatch.setattr(simulated, "hang", lambda stage, scenes, options: [[]])
    with pytest.raises(CannotSimulate, match="not finite"):
        simulated_take(stage, draw_cast(PLAN))


def test_a_scene_that_explodes_is_cut_off(stage):
    scene = dressed_scene(stage, draw_cast(PLAN))
    scene.helpers[8:, :] = np.nan
    (frames,) = hang(stage, [scene], SolverOptions(substeps=1))
    assert frames == []


def test_a_set_of_simulated_cloth_is_read_and_what_failed_is_named(tmp_path, monkeypatch, take):
    real, asked = module.perform_many, []

    def perform_many(stage, plans, cloth, device):
        asked.append([plan.folder for plan in plans])
        monkeypatch.setattr("garment_uv.datasets.open.perform.simulated_takes", lambda stage, casts, device: [take])
        for plan in plans:
            if plan.split == "val":
                yield CannotSimulate("Dress: strain p99 2.000, at most 1, with 40 substeps a frame")
            else:
                yield from real(stage, [PLAN], cloth)

    monkeypatch.setattr(module, "perform_many", perform_many)
    order = {"sequences": 2, "frames": 1, "splits": {"train": 1, "val": 1}, "image_format": "frames"}
    (made,) = synthesize(tmp_path / "raw", **order, cloth="simulated", hanging=Hanging(at_once=2))
    sequence = Sequence.open(made)
    assert set(sequence.garments) == {"Top", "Skirt"} and sequence.num_frames == 1
    sequence.close()
    assert json.loads((tmp_path / "raw" / ORDER_FILE).read_text())["cloth"] == "simulated"
    left_out = json.loads((tmp_path / "raw" / LEFT_OUT_FILE).read_text())
    assert list(left_out) == ["val/00001"] and "strain" in left_out["val/00001"]
    assert synthesize(tmp_path / "raw", **order, cloth="simulated") == [made]
    assert asked == [["train/00000", "val/00001"]], "both at once; what is there or left out is not tried again"
    with pytest.raises(UserError, match="other arguments"):
        synthesize(tmp_path / "raw", **order)


def test_a_damaged_list_of_what_was_left_out_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_made", lambda jobs, workers: [])
    order = {"sequences": 1, "frames": 1, "cloth": "simulated"}
    synthesize(tmp_path / "raw", **order)
    (tmp_path / "raw" / LEFT_OUT_FILE).write_text("[")
    with pytest.raises(UserError, match="damaged"):
        synthesize(tmp_path / "raw", **order)


def test_another_kind_of_cloth_is_refused(tmp_path):
    with pytest.raises(UserError, match="cloth is 'procedural' or 'simulated', was given 'paper'"):
        synthesize(tmp_path / "raw", 1, 1, cloth="paper")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"cloth": "simulated", "hanging": Hanging(device="cuda:77")}, "no device 'cuda:77' on this machine"),
        ({"hanging": Hanging(at_once=4)}, "for cloth='simulated'"),
        ({"hanging": Hanging(device="cuda")}, "for cloth='simulated'"),
    ],
)
def test_a_device_that_is_not_there_or_not_used_is_refused(tmp_path, changes, says):
    with pytest.raises(UserError, match=says) as caught:
        synthesize(tmp_path / "raw", 1, 1, **changes)
    assert "\n" not in str(caught.value) and not (tmp_path / "raw").exists()


def test_a_folder_of_one_kind_of_device_is_not_gone_on_with_by_another(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_made", lambda jobs, workers: [])
    monkeypatch.setattr(module, "warp_device", lambda name: None)
    order = {"sequences": 1, "frames": 1, "cloth": "simulated"}
    synthesize(tmp_path / "raw", **order, hanging=Hanging(device="cuda:1", at_once=8))
    synthesize(tmp_path / "raw", **order, hanging=Hanging(device="cuda"))
    with pytest.raises(UserError, match="other arguments"):
        synthesize(tmp_path / "raw", **order)
