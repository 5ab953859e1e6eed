"""Intervals and groups against SciPy's own Tukey test and against values computed by hand."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from garment_sweeps.comparison.significance import Estimate, alike, estimates, told_apart

EQUAL = {
    "t00000": [24.5, 23.5, 26.4, 27.1, 29.9],
    "t00001": [28.4, 34.2, 29.5, 32.2, 30.1],
    "t00002": [26.1, 28.3, 24.3, 26.2, 27.8],
}
UNEQUAL = {"t00000": [10.0, 10.4], "t00001": [11.0, 11.2, 11.5, 10.9], "t00002": [14.0, 13.2, 13.9]}


@pytest.mark.parametrize("samples", [EQUAL, UNEQUAL])
def test_who_is_told_apart_is_who_scipys_tukey_test_tells_apart(samples):
    p = stats.tukey_hsd(*samples.values()).pvalue
    names = list(samples)
    apart = {frozenset((names[i], names[j])) for i in range(3) for j in range(i) if p[i, j] < 0.05}
    assert told_apart(samples) == apart and apart


def test_the_limit_is_that_of_the_table_of_the_studentised_range():
    """q(0.05; 3 means, 6 degrees of freedom) = 4.339 (Harter 1960); a variance of 0.04, three seeds each."""
    limit = 4.339 * (0.04 / 3) ** 0.5

    def differs(gap: float) -> bool:
        samples = {"a": [9.8, 10.0, 10.2], "b": [9.8, 10.0, 10.2], "c": [9.8 + gap, 10.0 + gap, 10.2 + gap]}
        return frozenset("ac") in told_apart(samples)

    assert not differs(0.999 * limit) and differs(1.001 * limit)


def test_an_interval_computed_by_hand():
    # Within: 1 and 3 around 2, 4 and 8 around 6: squares 2 + 8 over 2 degrees of freedom, a variance of 5.
    # t(0.975, 2) = 4.302653; of a mean of two seeds: 4.302653 * sqrt(5 / 2) = 6.803091.
    found = estimates({"a": [1.0, 3.0], "b": [4.0, 8.0]})
    assert found["a"].mean == 2.0 and found["b"].mean == 6.0
    assert found["a"].half_width == pytest.approx(6.803091, abs=1e-5)
    assert found["b"].half_width == found["a"].half_width


def test_one_repeated_trial_alone_has_the_ordinary_interval_of_a_mean():
    values = [12.0, 12.5, 11.9]
    low, high = stats.t.interval(0.95, 2, loc=np.mean(values), scale=stats.sem(values))
    estimate = estimates({"t00004": values})["t00004"]
    assert estimate.mean - estimate.half_width == pytest.approx(low)
    assert estimate.mean + estimate.half_width == pytest.approx(high)
    assert estimate.letters == "a"


def test_scipys_own_example_gets_the_letters_of_its_p_values():
    found = estimates(EQUAL)
    assert {name: estimate.letters for name, estimate in found.items()} == {
        "t00000": "a",
        "t00002": "a",
        "t00001": "b",
    }


def test_a_trial_between_two_that_differ_shares_a_letter_with_both():
    found = estimates({"low": [10.0, 10.4, 9.6], "middle": [10.8, 11.2, 10.4], "high": [11.6, 12.0, 11.2]})
    assert [found[name].letters for name in ("low", "middle", "high")] == ["a", "ab", "b"]
    assert alike(found["low"], found["middle"]) and not alike(found["low"], found["high"])


def test_equal_distributions_are_told_apart_no_more_often_than_promised():
    random = np.random.default_rng(4)
    apart = sum(
        len({e.letters for e in estimates({str(i): random.normal(10, 0.5, 3) for i in range(3)}).values()}) > 1
        for _ in range(200)
    )
    # 5 % of 200 are 10; 20 lies beyond three standard deviations of that binomial.
    assert apart <= 20


def test_five_standard_deviations_are_told_apart_almost_always():
    random = np.random.default_rng(5)
    told = 0
    for _ in range(100):
        found = estimates({"good": random.normal(10, 0.2, 3), "poor": random.normal(11, 0.2, 3)})
        told += not alike(found["good"], found["poor"])
    assert told >= 97


def test_one_seed_has_no_interval_and_is_compared_with_none():
    found = estimates({"once": [9.0], "twice": [10.0, 10.2]})
    assert found["once"].half_width is None and found["once"].letters == "" and found["once"].seeds == 1
    assert alike(found["once"], found["twice"]) is None
    assert found["twice"].letters == "a"
    assert estimates({}) == {} and estimates({"none": []}) == {}


def test_without_any_noise_only_equal_values_are_alike():
    found = estimates({"a": [10.1, 10.1], "b": [10.1, 10.1], "c": [10.2, 10.2]})
    assert [found[name].letters for name in "abc"] == ["a", "a", "b"]
    assert found["a"].half_width == 0.0


def test_beyond_26_groups_trials_are_alike_by_their_groups_and_not_by_characters():
    found = estimates({f"t{number:05d}": [float(number)] * 2 for number in range(30)})
    values = list(found.values())
    assert [estimate.letters for estimate in values[24:]] == ["y", "z", "aa", "ab", "ac", "ad"]
    assert not any(alike(one, other) for one in values for other in values if one is not other)
    assert all(alike(one, one) for one in values)
    between = Estimate(1.0, 2, 0.1, (25, 26))
    assert between.letters == "z,aa" and alike(between, values[26]) and not alike(between, values[0])
    assert Estimate(1.0, 2, 0.1, (0, 1, 2)).letters == "abc"


@settings(max_examples=30)
@given(st.lists(st.lists(st.floats(1, 100, allow_nan=False), min_size=2, max_size=4), min_size=2, max_size=5))
def test_letters_say_exactly_who_is_told_apart(groups):
    samples = {f"t{i:05d}": values for i, values in enumerate(groups)}
    found, apart = estimates(samples), told_apart(samples)
    for first, second in combinations(samples, 2):
        assert alike(found[first], found[second]) == (frozenset((first, second)) not in apart)
