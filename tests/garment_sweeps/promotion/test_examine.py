"""The paired difference: against SciPy's bootstrap, against what is known, and how often noise alone passes."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from garment_sweeps.comparison.measure import measure_of
from garment_sweeps.promotion.examine import paired_difference
from garment_uv.errors import UserError
from garment_uv.metrics.scores_file import SampleScore

OPTIONS = {"measure": measure_of("s2s/all"), "level": 0.95, "resamples": 4000, "seed": 0}


def scored(values, garments=2, sequences=None):
    """`garments` scores of each value, as one sequence each; both directions the same."""
    names = [f"test-{number if sequences is None else sequences[number]:05d}" for number in range(len(values))]
    return [
        SampleScore(f"{name}-{number:04d}", "Top", value, value)
        for number, (name, value) in enumerate(zip(names, values, strict=True))
        for _ in range(garments)
    ]


def test_bounds_hold_those_of_scipys_percentile_bootstrap():
    rng = np.random.default_rng(1)
    second = rng.uniform(5, 20, 40)
    first = second - 0.5 + rng.normal(0, 1, 40)
    found = paired_difference(scored(first), scored(second), **OPTIONS)
    bounds = stats.bootstrap((first - second,), np.mean, n_resamples=4000, method="percentile", rng=2)
    assert found.mean_mm == pytest.approx((first - second).mean())
    assert found.low_mm == pytest.approx(bounds.confidence_interval.low, abs=0.05)
    assert found.high_mm == pytest.approx(bounds.confidence_interval.high, abs=0.05)
    assert found.sequences == 40 and paired_difference(scored(first), scored(second), **OPTIONS) == found


def test_sequences_are_drawn_whole_and_garments_count_once():
    first, second = scored([1.0, 2.0, 3.0, 4.0], sequences=[0, 0, 0, 1]), scored([2.0] * 4, sequences=[0, 0, 0, 1])
    found = paired_difference(first, second, **OPTIONS)
    assert found.sequences == 2 and found.mean_mm == pytest.approx(0.5)
    assert found.low_mm <= 0.0 and found.high_mm >= 2.0  # of both sequences alone: 0 and 2


def test_the_difference_of_a_class_is_drawn_from_the_sequences_that_hold_it():
    rng = np.random.default_rng(4)
    first, second = ([replace(one, garment="Dress") for one in scored(rng.uniform(5, 9, 8))] for _ in range(2))
    others = [f"other-{number:05d}" for number in range(30)]
    mixed = [[*scores, *(SampleScore(f"{name}-0", "Top", 50.0, 50.0) for name in others)] for scores in (first, second)]
    of_dresses = OPTIONS | {"measure": measure_of("s2s/Dress")}
    assert paired_difference(*mixed, **of_dresses) == paired_difference(first, second, **of_dresses)
    assert paired_difference(first, second, **of_dresses).sequences == 8
    with pytest.raises(UserError, match="no Skirt was scored"):
        paired_difference(first, second, **OPTIONS | {"measure": measure_of("s2s/Skirt")})


def test_the_difference_is_of_the_error_that_a_sweep_makes_small():
    first = [SampleScore(f"test-{n:05d}-0", name, 1.0 + n, 3.0) for n in range(6) for name in ("Top", "Top", "Dress")]
    second = [
        replace(one, true_to_pred_mm=3.0 + (4.0 if one.garment == "Dress" else 1.0)) for one in first
    ]  # Top is 0.5 mm worse, Dress 2 mm
    expected = {"s2s/all": -1.0, "s2s/macro": -1.25, "s2s/Dress": -2.0, "s2s_directions/Dress_true_to_pred": -4.0}
    for metric, mm in {**expected, "s2s_directions/all_pred_to_true": 0.0, "s2s_predicted/macro": -1.25}.items():
        found = paired_difference(first, second, **OPTIONS | {"measure": measure_of(metric)})
        assert (found.mean_mm, found.low_mm, found.high_mm) == pytest.approx((mm, mm, mm)), metric
    for wrong in ("s2s/dress", "loss/total", "s2s/missing", "s2s_directions/all"):
        with pytest.raises(UserError, match="is no error of garments"):
            measure_of(wrong)


@pytest.mark.parametrize("sequences", [6, 12, 36])
def test_two_equal_models_seldom_differ(sequences):
    rng = np.random.default_rng(3)
    better = 0
    for _ in range(300):
        gaps = rng.standard_t(4, sequences)
        found = paired_difference(scored(10 + gaps), scored([10.0] * sequences), **OPTIONS | {"resamples": 1000})
        better += found.high_mm < 0
    assert better <= 15  # 2.5 % of 300 are expected; more than 15 have a chance of 1 in 300


def test_one_sequence_tells_nothing_and_strangers_are_not_paired():
    assert paired_difference(scored([1.0]), scored([2.0]), **OPTIONS).high_mm == np.inf
    with pytest.raises(ValueError, match="same garments"):
        paired_difference(scored([1.0]), scored([1.0, 2.0]), **OPTIONS)
