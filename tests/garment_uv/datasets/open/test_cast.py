import numpy as np

from garment_uv.datasets.open.cast import WIDEST_SHAPE, draw_cast
from garment_uv.datasets.open.plan import DEFAULT_SPLITS, plan_sequences
from garment_uv.datasets.open.procedural import procedural_take

PLANS = plan_sequences(66, 2, 5, DEFAULT_SPLITS, "full")
CASTS = [draw_cast(plan) for plan in PLANS]


def test_all_ten_shape_numbers_are_drawn_widely():
    shapes = np.array([cast.shape for cast in CASTS])
    assert np.abs(shapes).max() <= WIDEST_SHAPE and (shapes.std(axis=0) > 0.9).all()


def test_the_same_plan_gives_the_same_cast_and_no_two_are_alike():
    again = draw_cast(PLANS[7])
    assert again.outfit == CASTS[7].outfit and again.heading == CASTS[7].heading
    np.testing.assert_array_equal(again.shape, CASTS[7].shape)
    assert len({cast.outfit for cast in CASTS}) == len({cast.shape.tobytes() for cast in CASTS}) == len(CASTS)
    assert all(set(cast.fabrics) == set(cast.plan.garments) == set(cast.appearance.looks) for cast in CASTS)


def test_a_subject_stands_where_it_was_placed(stage):
    cast = next(cast for cast in CASTS if cast.plan.motion == "reach" and len(cast.outfit.cuts) == 1)
    take = procedural_take(stage, cast)
    np.testing.assert_allclose(take.trans[:, :2], np.broadcast_to(cast.place, (2, 2)), atol=1e-6)
    assert np.abs(cast.place).max() > 0.05
    assert all(np.isfinite(layer).all() for layers in take.frames for layer in layers)
