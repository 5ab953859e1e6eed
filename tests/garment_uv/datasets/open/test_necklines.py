import numpy as np
import pytest

from garment_uv.datasets.open._mesh import border_vertices
from garment_uv.datasets.open.outfits import GarmentCut

SLEEVED = {"sleeve": 0.3}
STRAPPED = {"sleeve": 0.161, "slant": 0.37}
"""An armhole 0.128 m from the middle at the shoulder's top."""


def edge(stage, neckline, neck, front=True, **arms):
    """Border of the neck on the mean subject, [K, 3]."""
    cut = GarmentCut("Tshirt" if arms == SLEEVED else "Top", "cotton", 0.4, None, 0.05, neck, neckline=neckline, **arms)
    pattern = stage.tailor.pattern(cut)
    rim = pattern.canonical[border_vertices(pattern.faces)]
    shoulder = 0.13 if arms == SLEEVED else 0.105
    rim = rim[(rim[:, 2] > 0.15) & (np.abs(rim[:, 0]) < shoulder)]
    return rim[rim[:, 1] < -0.02] if front else rim[rim[:, 1] > 0.03]


def height(rim, reach):
    """Of a border at `reach` metres to both sides of the middle."""
    return rim[np.abs(np.abs(rim[:, 0]) - reach).argsort()[:4], 2].mean()


def test_a_v_runs_straight_from_the_shoulders_to_its_tip(stage):
    rim = edge(stage, "v", (0.09, 0.28, 0.02), **SLEEVED)
    tip = 0.53 - 0.28
    steep = (0.455 - tip) / 0.09
    assert rim[:, 2].min() == pytest.approx(tip, abs=0.015)
    for reach in (0.0, 0.03, 0.06):
        assert height(rim, reach) == pytest.approx(tip + steep * reach, abs=0.02)
    behind = edge(stage, "v", (0.09, 0.28, 0.02), front=False, **SLEEVED)
    assert behind[:, 2].min() > 0.4, "only in front"


def test_a_round_neck_is_flat_where_a_v_is_pointed(stage):
    def dip(neckline, neck):
        rim = edge(stage, neckline, neck, **SLEEVED)
        return height(rim, 0.04) - height(rim, 0.0)

    assert dip("v", (0.09, 0.22, 0.02)) > 2 * dip("round", (0.1, 0.19, 0.02)) > 0


def test_a_boat_is_wide_and_shallow(stage):
    wide = edge(stage, "boat", (0.145, 0.11, 0.0), **SLEEVED)
    close = edge(stage, "round", (0.08, 0.11, 0.02), **SLEEVED)
    assert np.abs(wide[:, 0]).max() > np.abs(close[:, 0]).max() + 0.03
    middle = wide[np.abs(wide[:, 0]) < 0.06, 2]
    assert np.ptp(middle) < 0.02 and middle.min() > 0.4


def test_straps_are_as_wide_as_asked_and_the_front_is_deeper(stage):
    cut = GarmentCut("Top", "cotton", 0.4, None, 0.05, (0.085, 0.15, 0.06), neckline="straps", **STRAPPED)
    place = stage.tailor.pattern(cut).canonical
    top = place[(place[:, 2] > 0.43) & (np.abs(place[:, 1]) < 0.06)]
    for side in (-1, 1):
        strap = top[side * top[:, 0] > 0, 0] * side
        assert strap.min() == pytest.approx(0.085, abs=0.008)
        assert strap.max() == pytest.approx(0.128, abs=0.012)
    front, behind = (edge(stage, "straps", (0.085, 0.15, 0.06), front, **STRAPPED)[:, 2] for front in (True, False))
    assert front.min() == pytest.approx(0.53 - 0.21, abs=0.015)
    assert behind.min() == pytest.approx(0.53 - 0.15, abs=0.015)


def test_caps_end_on_the_shoulder_and_long_sleeves_at_the_wrist(stage):
    for reach in (0.2, 0.62):
        cut = GarmentCut("Tshirt", "cotton", 0.4, None, 0.05, (0.09, 0.13, 0.02), reach)
        assert np.abs(stage.tailor.pattern(cut).canonical[:, 0]).max() == pytest.approx(reach, abs=0.006)


def test_a_bell_stands_off_the_arm_by_what_is_drawn(stage):
    plain, bell = (
        stage.tailor.pattern(GarmentCut("Tshirt", "cotton", 0.4, None, 0.05, (0.09, 0.13, 0.02), 0.6, cuff=cuff))
        for cuff in (0.0, 0.04)
    )
    end = np.abs(plain.canonical[:, 0]) > 0.585
    assert (bell.ease - plain.ease)[end].mean() == pytest.approx(0.04, abs=0.006)
    assert (bell.ease == plain.ease)[np.abs(plain.canonical[:, 0]) < 0.1].all()
