from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from garment_uv.classes import GARMENT_CLASSES, OUTFITS
from garment_uv.datasets.open.motion import EVERYDAY, MOTIONS
from garment_uv.datasets.open.plan import DEFAULT_SPLITS, plan_sequences, split_counts
from garment_uv.errors import UserError


def classes(plans, split):
    return {name for plan in plans if plan.split == split for name in plan.garments}


def test_a_small_set_covers_every_class_in_every_split():
    plans = plan_sequences(20, 6, 0, DEFAULT_SPLITS)
    assert split_counts(20, DEFAULT_SPLITS) == {"train": 12, "val": 4, "test": 4}
    for split in DEFAULT_SPLITS:
        assert classes(plans, split) == set(GARMENT_CLASSES)
    assert len({plan.number for plan in plans}) == 20
    assert plans[13].folder == "val/00013"


def test_sequences_have_streams_of_their_own():
    plans = plan_sequences(30, 6, 7, DEFAULT_SPLITS)
    draws = {plan.random().integers(2**60) for plan in plans}
    assert len(draws) == 30
    assert plans[3].random().integers(2**60) == plan_sequences(30, 6, 7, DEFAULT_SPLITS)[3].random().integers(2**60)


@given(
    st.integers(1, 500),
    st.dictionaries(st.sampled_from(["train", "val", "test", "extra"]), st.floats(0, 1), min_size=1),
)
def test_counts_add_up(sequences, splits):
    if sum(splits.values()) <= 0:
        with pytest.raises(UserError):
            split_counts(sequences, splits)
        return
    counts = split_counts(sequences, splits)
    assert sum(counts.values()) == sequences and min(counts.values()) >= 0
    wanted = [name for name, share in splits.items() if share > 0]
    if sequences >= len(wanted):
        assert all(counts[name] >= 1 for name in wanted)


@pytest.mark.parametrize(
    ("sequences", "frames", "seed", "splits", "says"),
    [
        (0, 6, 0, {"train": 1}, "sequences"),
        (2, 0, 0, {"train": 1}, "frames"),
        (2, 6, -1, {"train": 1}, "seed"),
        (2, 6, 0, {}, "splits"),
        (2, 6, 0, {"train": -1.0, "val": 2.0}, "splits"),
        (2, 6, 0, {"../up": 1.0}, "splits"),
        (100_000, 6, 0, {"train": 1}, "99999"),
    ],
)
def test_what_cannot_be_planned_is_said(sequences, frames, seed, splits, says):
    with pytest.raises(UserError, match=says):
        plan_sequences(sequences, frames, seed, splits)


@pytest.mark.parametrize("split", DEFAULT_SPLITS)
def test_full_variety_has_every_outfit_in_every_motion_in_every_split(split):
    kinds = len(MOTIONS) + len(EVERYDAY)
    plans = [plan for plan in plan_sequences(660, 3, 0, DEFAULT_SPLITS, "full") if plan.split == split]
    seen = Counter((plan.garments, plan.motion) for plan in plans)
    assert len(seen) == len(OUTFITS) * kinds == 66 and max(seen.values()) - min(seen.values()) <= 1
    few = [plan for plan in plan_sequences(30, 3, 0, DEFAULT_SPLITS, "full") if plan.split == split]
    assert {plan.garments for plan in few} == set(OUTFITS) and all(plan.variety == "full" for plan in few)


def test_basic_variety_plans_as_ever():
    basic = plan_sequences(40, 3, 2, DEFAULT_SPLITS)
    assert basic == plan_sequences(40, 3, 2, DEFAULT_SPLITS, "basic")
    assert {plan.motion for plan in basic} == set(MOTIONS)


def test_another_variety_is_refused():
    with pytest.raises(UserError, match="variety is 'basic' or 'full', was given 'wide'"):
        plan_sequences(4, 1, 0, DEFAULT_SPLITS, "wide")
