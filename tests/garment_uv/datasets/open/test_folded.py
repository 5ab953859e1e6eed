import numpy as np
import pytest

from garment_uv.datasets.open.dressing import START_POSE, dress
from garment_uv.datasets.open.folded import CLEAR, folded
from garment_uv.datasets.open.outfits import GarmentCut


@pytest.fixture(scope="module")
def skirt(stage):
    cut = GarmentCut("Skirt", "cotton", 0.3, 0.09, -0.55, flare=0.3, fullness=0.25, slits=((0.0, -0.4),))
    helpers = stage.helpers(0, np.zeros(10, np.float32), START_POSE[None])[0]
    return dress(stage.tailor.pattern(cut), helpers, np.random.default_rng(0))


def rows(skirt, points):
    end = len(points) - len(skirt.pattern.twins)
    return points[skirt.pattern.tube.argmax() : end].reshape(-1, len(skirt.pattern.loop), 3)


def around(rows):
    return np.linalg.norm(np.roll(rows, -1, axis=1) - rows, axis=2).sum(axis=1)


def test_folds_keep_the_length_of_rows_and_draw_them_in(skirt):
    rest = skirt.sheet(None).rest
    start = skirt.start(rest)
    before, after = rows(skirt, rest), rows(skirt, start)
    share = around(after)[5:] / around(before)[5:]
    assert share.min() > 0.9 and share.max() < 1.1
    wide = [np.ptp(x[-1, :, 0]) for x in (before, after)]
    assert wide[1] < 0.7 * wide[0]
    steps = np.linalg.norm(np.diff(before, axis=0), axis=2)
    np.testing.assert_allclose(-np.diff(after[:, :, 2], axis=0), steps, atol=1e-9)


def test_folds_are_outside_of_what_is_under_them_and_the_top_is_at_rest(skirt):
    rest, under = skirt.sheet(None).rest, skirt.pattern.weights @ skirt.helpers
    start = folded(skirt.pattern, rest, under)
    outward = rows(skirt, start) - rows(skirt, under)
    flat = rows(skirt, under) - rows(skirt, under)[0].mean(axis=0)
    along = (outward * flat)[:, :, :2].sum(axis=2) / np.linalg.norm(flat[:, :, :2], axis=2)
    assert along.min() > CLEAR - 1e-6
    top = ~skirt.pattern.tube
    np.testing.assert_array_equal(start[top], rest[top])
    np.testing.assert_array_equal(start[-len(skirt.pattern.twins) :], start[skirt.pattern.twins])


def test_other_garments_begin_at_rest(stage, skirt):
    for cut in (GarmentCut("Skirt", "cotton", 0.3, 0.09, -0.55), GarmentCut("Trousers", "cotton", 0.3, 0.09, -0.85)):
        garment = dress(stage.tailor.pattern(cut), skirt.helpers, np.random.default_rng(0))
        rest = garment.sheet(None).rest
        assert garment.start(rest) is rest
