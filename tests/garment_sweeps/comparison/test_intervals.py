"""Intervals over held-out sequences, against SciPy's bootstrap and against what must hold."""

import numpy as np
import pytest
from scipy.stats import bootstrap

from garment_sweeps.comparison.intervals import FEWEST, intervals
from tests.garment_sweeps.comparison.made import score


def of(values, garment="Top", frames=1):
    """Scores of a sequence each, every frame alike."""
    return [score(f"val-{n:05d}-{f:04d}", garment, mm) for n, mm in enumerate(values) for f in range(frames)]


def test_one_garment_a_sequence_is_the_plain_bootstrap_of_a_mean():
    values = np.random.default_rng(1).lognormal(2, 0.5, 30)
    (found,) = intervals([of(values)])
    reference = bootstrap((values,), np.mean, method="percentile", n_resamples=20_000, rng=2).confidence_interval
    assert found["all"].mean == pytest.approx(values.mean())
    width = reference.high - reference.low
    assert found["all"].low == pytest.approx(reference.low, abs=0.05 * width)
    assert found["all"].high == pytest.approx(reference.high, abs=0.05 * width)
    assert found["Top"] == found["all"] and "Dress" not in found


def test_more_frames_of_the_same_sequences_tell_nothing_more():
    values = np.random.default_rng(1).lognormal(2, 0.5, 12)
    one, many = intervals([of(values)])[0]["all"], intervals([of(values, frames=20)])[0]["all"]
    assert (one.low, one.high, one.sequences) == pytest.approx((many.low, many.high, many.sequences))


def test_what_is_hard_for_both_cancels_out():
    hard = np.random.default_rng(1).lognormal(2, 0.8, 20)
    noise = np.random.default_rng(2).normal(0, 0.05, 20)
    best, worse, same = intervals([of(hard), of(hard + 0.5), of(hard + noise - noise.mean() + 0.001)])
    assert best["all"].best and best["all"].alike is None
    assert worse["all"].low < best["all"].high and worse["all"].alike is False
    assert same["all"].alike is True


def test_nothing_is_said_of_few_sequences_of_other_garments_and_of_no_scores():
    few, none = intervals([of(range(1, FEWEST)), []])
    assert few["all"].low is None and few["all"].mean == 2.5 and none == {}
    one, other = intervals([of(range(1, 9)), of(range(2, 12))])
    assert one["all"].best and other["all"].alike is None and other["all"].low is not None
