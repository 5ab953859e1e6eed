"""The first open set: what it holds, what it must not share between splits, and how it is known again."""

import json
import shutil

import numpy as np
import pytest

from garment_uv.classes import GARMENT_CLASSES
from garment_uv.datasets.cloth3d.info import read_info, write_info
from garment_uv.datasets.open import synthesize
from garment_uv.datasets.open.outfits import draw_outfit
from garment_uv.datasets.open.plan import plan_sequences
from garment_uv.errors import UserError
from garment_uv.samples.config import PrepareOptions
from garment_uv.samples.sets import SetOptions, open192
from garment_uv.samples.sets.checks import check_raw_held_out

TOTAL = sum(open192.SPLITS.values())


def make(out, **options):
    return open192.make_open192(out, SetOptions(**options), lambda what: lambda done, total: None)


@pytest.fixture(scope="module")
def plans():
    return plan_sequences(TOTAL, open192.FRAMES, open192.SEED, open192.SPLITS)


def test_every_split_has_every_class_and_outfits_of_two_pieces(plans):
    assert len(plans) == 192
    for split, count in open192.SPLITS.items():
        mine = [plan for plan in plans if plan.split == split]
        assert len(mine) == count
        assert {name for plan in mine for name in plan.garments} == set(GARMENT_CLASSES)
        assert sum(len(plan.garments) == 2 for plan in mine) == 2 * count // 3


def test_no_subject_and_no_outfit_of_the_test_split_is_drawn_for_training(plans):
    """The same draws as the stage's, in its order: gender, shape, outfit."""
    subjects, outfits = {}, {}
    for plan in plans:
        rng = plan.random()
        rng.integers(2) if plan.garments != ("Dress",) else rng.uniform()
        shape = np.clip(rng.normal(0.0, 1.0, 10), -2.5, 2.5)
        cuts = draw_outfit(plan.garments, rng).cuts
        numbers = [(c.looseness, c.bottom, *c.neck, c.sleeve, c.flare, c.fold_depth) for c in cuts]
        subjects.setdefault(plan.split, []).append(shape)
        outfits.setdefault(plan.split, []).append(np.ravel(numbers))
    for test in subjects["test"]:
        assert min(np.linalg.norm(test - other) for other in subjects["train"]) > 0.5
    for test in outfits["test"]:
        alike = [other for other in outfits["train"] if len(other) == len(test)]
        assert min(np.abs(test - other).max() for other in alike) > 0.01


@pytest.fixture
def tiny(monkeypatch, stage):
    """Three sequences of one frame on maps of 32 texels, made on the process's one stage."""
    monkeypatch.setattr(synthesize, "_stage", stage)
    monkeypatch.setattr(open192, "SPLITS", {"train": 1, "val": 1, "test": 1})
    monkeypatch.setattr(open192, "FRAMES", 1)
    small = PrepareOptions(map_size=32, image_size=32, subdivisions=0, layout="crowded")
    monkeypatch.setattr(open192, "SIZES", {"32": small})
    monkeypatch.setattr(open192, "RECORDED", {"32": "0" * 16})
    monkeypatch.setattr(open192, "check_complete", lambda manifest, splits: None)


def test_the_same_command_gives_the_same_digest_and_goes_on_where_it_was(tiny, tmp_path, monkeypatch):
    first = make(tmp_path / "one")[0]
    assert first.name == f"open192-{first.samples[:8]}" and not first.is_recorded
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    shutil.rmtree(tmp_path / "two" / "32")
    shutil.rmtree(tmp_path / "two" / "raw" / "val")
    monkeypatch.setattr(open192, "RECORDED", {"32": first.samples})
    second = make(tmp_path / "two")[0]
    assert second.digest == first.digest and second.is_recorded
    before = (second.folder / "manifest.json").stat().st_mtime_ns
    assert make(tmp_path / "two") == [second]
    assert (second.folder / "manifest.json").stat().st_mtime_ns == before

    train, test = next((tmp_path / "two/raw/train").iterdir()), next((tmp_path / "two/raw/test").iterdir())
    own = read_info(test / "info.mat")
    foreign = read_info(train / "info.mat")
    object.__setattr__(own, "shape", foreign.shape)
    object.__setattr__(own, "gender", foreign.gender)
    write_info(test / "info.mat", own)
    with pytest.raises(UserError, match="same subject"):
        check_raw_held_out(tmp_path / "two/raw")


def test_what_is_no_size_or_another_set_is_refused(tiny, tmp_path):
    with pytest.raises(UserError, match="sizes 32, was asked for 48"):
        make(tmp_path / "set", sizes=("48",))
    (tmp_path / "set" / "raw").mkdir(parents=True)
    (tmp_path / "set" / "raw" / "synthesis.json").write_text(json.dumps({"seed": 1}))
    with pytest.raises(UserError, match="other arguments"):
        make(tmp_path / "set")
