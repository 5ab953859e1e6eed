"""The set to train on: its plan, a small slice of it, and what a killed or foreign folder makes of it."""

import os
import random

import pytest

from garment_uv.classes import OUTFITS
from garment_uv.datasets.open import performer
from garment_uv.errors import UserError
from garment_uv.samples.config import PrepareOptions
from garment_uv.samples.manifest import Manifest
from garment_uv.samples.sets import SETS, SetOptions, check_complete, check_held_out, open2k
from tests.garment_uv.samples.test_cut_off import Cut, files_of


def test_the_whole_set_is_large_enough_and_has_every_outfit_equally_often_in_every_split():
    plans = open2k.plan_open2k()
    for split, least in {"train": 2000, "val": 150, "test": 200}.items():
        mine = [plan for plan in plans if plan.split == split]
        assert least <= open2k.LEAST[split] <= len(mine)
        assert len({[plan.garments for plan in mine].count(outfit) for outfit in OUTFITS}) == 1
    assert {(plan.frames, plan.variety, plan.seed) for plan in plans} == {(3, "full", 2000)}
    assert len({plan.number for plan in plans}) == len(plans) <= 2400


def test_a_share_is_the_first_of_each_split():
    whole, part = open2k.plan_open2k(), open2k.plan_open2k(0.02)
    assert [sum(plan.split == split for plan in part) for split in ("train", "val", "test")] == [41, 4, 5]
    assert set(part) < set(whole)
    assert len(open2k.plan_open2k(1e-6)) == 3


def test_pictures_are_256_px_whatever_the_map():
    assert {(size, of.map_size, of.image_size, of.labels) for size, of in open2k.SIZES.items()} == {
        ("128", 128, 256, True),
        ("256", 256, 256, True),
    }


@pytest.fixture
def small(monkeypatch, stage):
    """Cloth without a solver, two small sizes, and the process's one stage."""
    monkeypatch.setattr(performer, "process_stage", lambda: stage)
    monkeypatch.setattr(open2k, "OpenPerformer", lambda cloth: performer.OpenPerformer("procedural"))
    rough = PrepareOptions(image_size=32, subdivisions=0, floor_frames=0, layout="crowded")
    sizes = {str(size): rough.with_values({"map_size": size}) for size in (32, 48)}
    monkeypatch.setattr(open2k, "SIZES", sizes)
    monkeypatch.setattr(open2k, "RECORDED", dict.fromkeys(sizes, "0" * 16))


def test_killed_anywhere_and_repeated_it_is_the_same(small, tmp_path, monkeypatch, untold):
    options = SetOptions(share=1e-6)
    calm = SETS["open2k"](tmp_path / "calm", options, untold)
    assert [made.name for made in calm] == [f"open2k-{made.samples[:8]}" for made in calm]
    assert not any(made.is_recorded for made in calm)
    assert not list((tmp_path / "calm").rglob("*.pc16")) and not (tmp_path / "calm" / "raw").exists()

    chance, steps = random.Random(5), {"left": 0}
    real = os.replace

    def replace(*args):
        steps["left"] -= 1
        if steps["left"] == 0:
            raise Cut
        real(*args)

    monkeypatch.setattr(os, "replace", replace)
    cuts = 0
    while True:
        steps["left"] = chance.randint(6, 20)
        try:
            again = SETS["open2k"](tmp_path / "cut", options, untold)
            break
        except Cut:
            cuts += 1
    assert cuts >= 2 and [made.samples for made in again] == [made.samples for made in calm]
    assert files_of(tmp_path / "cut") == files_of(tmp_path / "calm")

    with pytest.raises(UserError, match="32 holds other sequences than were asked for"):
        SETS["open2k"](tmp_path / "cut", SetOptions(share=0.02), untold)
    with pytest.raises(UserError, match="open2k has the sizes 32, 48, was asked for 128"):
        SETS["open2k"](tmp_path / "cut", SetOptions(sizes=("128",)), untold)

    manifest = Manifest.load(calm[0].folder / "manifest.json")
    check_held_out(manifest)
    for place, what in ((0, "subject"), (1, "cut")):
        stolen = _with_mark_of(manifest, place)
        with pytest.raises(UserError, match=f"have the same {what}, but splits must share none"):
            check_held_out(stolen)
    with pytest.raises(UserError, match="split train has 1 of 2000 sequences"):
        check_complete(manifest, open2k.LEAST)
    unknown = manifest.sequences[0].model_copy(update={"known_by": ()})
    with pytest.raises(UserError, match="does not say whose it is"):
        check_held_out(manifest.model_copy(update={"sequences": (unknown,)}))


def _with_mark_of(manifest, place):
    """The manifest with one of the first sequence's marks in the second's, which is of another split."""
    one, other, *rest = manifest.sequences
    assert one.split != other.split
    marks = list(other.known_by)
    marks[place] = one.known_by[place]
    return manifest.model_copy(update={"sequences": (one, other.model_copy(update={"known_by": tuple(marks)}), *rest)})
