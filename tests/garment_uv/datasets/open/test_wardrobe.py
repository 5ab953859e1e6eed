from collections import Counter

import numpy as np
import pytest

from garment_uv.classes import OUTFITS
from garment_uv.datasets.open import _ranges as ranges
from garment_uv.datasets.open.outfits import FABRICS, TIGHTNESS_RANGE
from garment_uv.datasets.open.sewable import check_cut
from garment_uv.datasets.open.tailor import LEAST_VERTICES
from garment_uv.datasets.open.wardrobe import HIGHEST_HEM, draw_wide_outfit
from tests.garment_uv.datasets.open.test_tailor import BORDERS, borders

SKIRTED = ("Skirt", "Dress")


@pytest.fixture(scope="module")
def outfits():
    """2,400 of them."""
    return [draw_wide_outfit(OUTFITS[seed % len(OUTFITS)], np.random.default_rng(seed)) for seed in range(2400)]


@pytest.fixture(scope="module")
def cuts(outfits):
    return [cut for outfit in outfits for cut in outfit.cuts]


def shares(values):
    counted = Counter(values)
    return {name: count / counted.total() for name, count in counted.items()}


def test_necklines_sleeves_and_styles_come_up_as_often_as_the_tables_say(cuts):
    sleeved = [cut for cut in cuts if cut.top is None and cut.slant == 0]
    assert shares(cut.neckline for cut in sleeved) == pytest.approx({"round": 0.47, "v": 0.29, "boat": 0.24}, abs=0.04)
    bare = [cut for cut in cuts if cut.top is None and cut.slant > 0]
    assert set(shares(cut.neckline for cut in bare)) == {"round", "v", "boat", "straps"}
    caps = [cut.sleeve < 0.23 for cut in sleeved]
    assert np.mean(caps) == pytest.approx(ranges.SLEEVES["cap"][0], abs=0.04)
    skirts = [cut for cut in cuts if cut.name in SKIRTED]
    assert np.mean([cut.pleats > 0 for cut in skirts]) == pytest.approx(ranges.STYLES["pleated"], abs=0.04)
    assert 0.05 < np.mean([len(cut.slits) > 0 for cut in skirts]) < 0.25
    assert 0.1 < np.mean([cut.tilt != 0 or cut.dip != 0 for cut in skirts]) < 0.3
    assert {cut.fabric for cut in cuts} == set(FABRICS)


def test_waists_are_low_and_high_and_uppers_meet_cover_or_bare_them(outfits):
    pairs = [outfit.cuts for outfit in outfits if len(outfit.cuts) == 2]
    waists = np.array([lower.top for lower, _ in pairs])
    assert waists.min() < 0.02 and waists.max() > 0.18
    gaps = np.array([upper.bottom - lower.top for lower, upper in pairs])
    assert gaps.min() == pytest.approx(-0.05, abs=0.005) and gaps.max() == pytest.approx(0.08, abs=0.01)
    assert np.mean(gaps < 0) > 0.7 and all(upper.bottom <= HIGHEST_HEM for _, upper in pairs)


def test_every_class_is_drawn_loose_and_tight(outfits):
    for names in OUTFITS:
        drawn = [o for o in outfits if {c.name for c in o.cuts} == set(names)]
        for cut in range(len(names)):
            loose = [o.cuts[cut].looseness for o in drawn]
            assert min(loose) < 0.1 and max(loose) > 0.9 and 0.4 < np.mean(loose) < 0.6
    assert all(TIGHTNESS_RANGE[0] <= t <= TIGHTNESS_RANGE[1] for o in outfits for t in o.tightness)


def test_nothing_is_drawn_that_is_refused(cuts):
    for cut in cuts:
        check_cut(cut)


def test_the_same_stream_gives_the_same_outfit():
    one, two = (draw_wide_outfit(("Dress",), np.random.default_rng(5)) for _ in range(2))
    assert one == two


@pytest.mark.parametrize("names", OUTFITS, ids="+".join)
def test_what_is_drawn_can_be_sewn_and_is_clean(stage, names):
    for seed in range(8):
        for cut in draw_wide_outfit(names, np.random.default_rng([seed, 1])).cuts:
            pattern = stage.tailor.pattern(cut)
            stored = pattern.stored(pattern.canonical)
            assert LEAST_VERTICES <= len(stored) <= 17200 and np.isfinite(stored).all()
            assert borders(pattern.faces) == BORDERS[cut.name]
            np.testing.assert_allclose(np.asarray(pattern.weights.sum(axis=1)).ravel(), 1, atol=1e-9)
            uneven = abs(cut.tilt) / 2 + cut.dip / 2
            assert pattern.canonical[:, 2].min() == pytest.approx(cut.bottom - uneven, abs=0.03 + uneven / 2)
