"""The paired difference: against SciPy's bootstrap, against what is known, and how often noise alone passes."""

import numpy as np
import pytest
from scipy import stats

from garment_sweeps.comparison.measure import measure_of
from garment_sweeps.promotion.difference import paired_difference
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
