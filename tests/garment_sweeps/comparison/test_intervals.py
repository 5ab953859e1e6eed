"""Intervals over held-out sequences, and which runs can be told apart (how often they hold: see `test_bootstrap`)."""

import numpy as np
import pytest

from garment_sweeps.comparison.bootstrap import Totals, resample
from garment_sweeps.comparison.intervals import DRAWS, FEWEST, intervals
from tests.garment_sweeps.comparison.made import score

ALL = "s2s/all"


def of(values, garment="Top", frames=1):
    """Scores of a sequence each, every frame alike."""
    return [score(f"val-{n:05d}-{f:04d}", garment, mm) for n, mm in enumerate(values) for f in range(frames)]


def test_intervals_are_those_of_the_bootstrap_for_each_error_that_was_measured():
    values = np.random.default_rng(1).lognormal(2, 0.5, 30)
    (found,) = intervals([of(values)])
    low, high = resample([Totals(values[:, None], np.ones(30))], DRAWS, 0).mean_bounds(0.95)
    assert (found[ALL].mean, found[ALL].low, found[ALL].high) == pytest.approx((values.mean(), low[0], high[0]))
    assert found["s2s/Top"] == found[ALL] == found["s2s/macro"] and "s2s/Dress" not in found


def test_of_eight_equal_runs_on_five_sequences_all_keep_their_mark_in_94_of_100_pages():
    rng, lost = np.random.default_rng(7), 0
    for _ in range(200):
        hard = rng.lognormal(2, 0.5, 5)
        found = intervals([of(hard * rng.lognormal(0, 0.2, 5)) for _ in range(8)], [ALL])
        lost += any(run[ALL].alike is False for run in found)
    assert lost <= 12


def test_two_equal_runs_on_five_sequences_are_told_apart_in_6_of_100_pages_at_most():
    rng, apart = np.random.default_rng(8), 0
    for _ in range(400):
        hard = rng.lognormal(2, 0.5, 5)
        found = intervals([of(hard * rng.lognormal(0, 0.2, 5)) for _ in range(2)], [ALL])
        apart += any(run[ALL].alike is False for run in found)
    assert apart <= 24


def test_more_frames_of_the_same_sequences_tell_nothing_more():
    values = np.random.default_rng(1).lognormal(2, 0.5, 12)
    one, many = intervals([of(values)])[0][ALL], intervals([of(values, frames=20)])[0][ALL]
    assert (one.low, one.high, one.sequences) == pytest.approx((many.low, many.high, many.sequences))


def test_what_is_hard_for_both_cancels_out():
    hard = np.random.default_rng(1).lognormal(2, 0.8, 20)
    noise = np.random.default_rng(2).normal(0, 0.05, 20)
    best, worse, same = intervals([of(hard), of(hard + 0.5), of(hard + noise - noise.mean() + 0.001)])
    assert best[ALL].best and best[ALL].alike is None
    assert worse[ALL].low < best[ALL].high and worse[ALL].alike is False
    assert same[ALL].alike is True


def test_nothing_is_said_of_few_sequences_of_other_garments_and_of_no_scores():
    few, none = intervals([of(range(1, FEWEST)), []])
    assert few[ALL].low is None and few[ALL].mean == 2.5 and none == {}
    one, other = intervals([of(range(1, 9)), of(range(2, 12))])
    assert one[ALL].best and other[ALL].alike is None and other[ALL].low is not None
