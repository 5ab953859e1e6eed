import numpy as np
import pytest

from garment_uv.datasets.open._mesh import edges_of
from garment_uv.datasets.open.outfits import OUTFIT_ORDER, TIGHTNESS_RANGE, draw_outfit

BORDERS = {"Top": 4, "Tshirt": 4, "Trousers": 3, "Skirt": 2, "Jumpsuit": 5, "Dress": 4}
"""Open ends of each garment: neck, arms, hem or legs."""


def borders(faces):
    """Number of border loops, each border vertex having exactly two border edges."""
    pairs = np.concatenate([faces[:, [i, (i + 1) % 4]] for i in range(4)])
    pairs = np.sort(pairs[pairs[:, 0] != pairs[:, 1]], axis=1)
    unique, uses = np.unique(pairs, axis=0, return_counts=True)
    assert uses.max() == 2
    rim = unique[uses == 1]
    assert (np.bincount(rim.ravel())[np.unique(rim)] == 2).all()
    parent = {int(v): int(v) for v in np.unique(rim)}

    def root(v):
        while parent[v] != v:
            v = parent[v]
        return v

    for a, b in rim.tolist():
        parent[root(a)] = root(b)
    return len({root(v) for v in parent})


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("names", OUTFIT_ORDER, ids="+".join)
def test_every_garment_is_one_clean_piece(stage, names, seed):
    for cut in draw_outfit(names, np.random.default_rng(seed)).cuts:
        pattern = stage.tailor.pattern(cut)
        np.testing.assert_allclose(np.asarray(pattern.weights.sum(axis=1)).ravel(), 1, atol=1e-9)
        stored = pattern.stored(pattern.canonical)
        assert 3700 <= len(stored) <= 17200
        assert pattern.fine_faces.max() == len(stored) - 1
        assert borders(pattern.fine_faces) == BORDERS[cut.name]
        edges, count = edges_of(pattern.faces), len(pattern.canonical)
        # Euler: one connected sphere with as many holes as borders.
        assert count - len(edges) + len(pattern.faces) == 2 - BORDERS[cut.name]
        assert pattern.canonical[:, 2].min() == pytest.approx(cut.bottom, abs=0.02)
        assert (pattern.ease > 0).all() and (pattern.hang >= 0).all() and (pattern.hang <= 1).all()


def test_uppers_reach_one_to_three_centimetres_below_the_waist():
    for seed in range(20):
        lower, upper = draw_outfit(("Top", "Skirt"), np.random.default_rng(seed)).cuts
        assert lower.name == "Skirt" and 0.01 <= lower.top - upper.bottom <= 0.03


def test_cuts_vary_and_follow_tightness():
    outfits = [draw_outfit(("Tshirt", "Trousers"), np.random.default_rng(seed)) for seed in range(60)]
    hems = np.array([o.cuts[0].bottom for o in outfits])
    sleeves = np.array([o.cuts[1].sleeve for o in outfits])
    assert hems.min() < -0.8 and hems.max() > -0.42
    assert sleeves.min() < 0.32 and sleeves.max() > 0.55
    for outfit in outfits:
        upper, lower = outfit.tightness
        assert TIGHTNESS_RANGE[0] <= upper <= TIGHTNESS_RANGE[1]
        assert outfit.cuts[1].looseness == pytest.approx((TIGHTNESS_RANGE[1] - upper) / 2)
        assert outfit.cuts[0].looseness == pytest.approx((TIGHTNESS_RANGE[1] - lower) / 2)
