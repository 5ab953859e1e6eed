"""The bootstrap keeps its level: simulated sequences of known errors, skewed as S2S is, of unequal size.

A sequence has 4 or 8 garments, an effect of its own and a noise of each garment. Effects are lognormal or gamma with a
coefficient of variation of 0.3 or 0.5; the noise of a garment is a gamma of shape 6.
"""

import numpy as np
import pytest
from scipy import stats

from garment_sweeps.comparison.bootstrap import Totals, resample
from garment_sweeps.comparison.intervals import worse_than_best

LEVEL, DRAWS, TRUE_MM = 0.95, 1000, 10.0
SEQUENCES = [5, 8, 12, 36]


def effects(rng, kind: str, spread: float, shape) -> np.ndarray:
    """Positive and skewed, of mean 1; `spread` is the coefficient of variation."""
    if kind == "gamma":
        return rng.gamma(spread**-2, spread**2, shape)
    variance = np.log1p(spread**2)
    return rng.lognormal(-variance / 2, variance**0.5, shape)


def totals(rng, of_models: np.ndarray) -> Totals:
    """What is measured of sequences in which models have these errors, mm: float [sequences, models]."""
    counts = 4.0 * rng.integers(1, 3, len(of_models))
    noise = rng.gamma(6.0 * counts[:, None], 1 / 6.0, of_models.shape)
    return Totals(of_models * noise, counts)


def models(rng, sequences: int, kind: str, of_means: np.ndarray) -> np.ndarray:
    """Errors of models on the same sequences: what is hard for all, and what each makes of it; `of_means` in mm."""
    hard = effects(rng, kind, 0.5, sequences)[:, None]
    return hard * effects(rng, "lognormal", 0.2, (sequences, len(of_means))) * of_means


@pytest.mark.parametrize("kind", ["lognormal", "gamma"])
@pytest.mark.parametrize("sequences", SEQUENCES)
def test_bounds_of_a_mean_hold_it_in_93_to_97_percent(sequences, kind):
    rng = np.random.default_rng(1)
    for spread in (0.3, 0.5):
        held = []
        for _ in range(8):  # a thousand data sets at a time, as columns
            measured = totals(rng, TRUE_MM * effects(rng, kind, spread, (sequences, 1000)))
            low, high = resample([measured], DRAWS, 0).mean_bounds(LEVEL)
            held.append((low <= TRUE_MM) & (high >= TRUE_MM))
        assert 0.93 <= np.mean(held) <= 0.97, spread


@pytest.mark.parametrize("kind", ["lognormal", "gamma"])
@pytest.mark.parametrize("sequences", SEQUENCES)
def test_bounds_of_a_difference_hold_it_in_93_to_97_percent(sequences, kind):
    rng = np.random.default_rng(2)
    held = []
    for number in range(999):
        means = TRUE_MM * np.array([1.0, (1.0, 1.15, 1.3)[number % 3]])
        measured = resample([totals(rng, models(rng, sequences, kind, means))], DRAWS, 0)
        off = (measured.means[0] - measured.means[1]) - (means[0] - means[1])
        held.append(abs(off) <= measured.gap(LEVEL))
    assert 0.93 <= np.mean(held) <= 0.97


@pytest.mark.parametrize("number", [2, 8])
@pytest.mark.parametrize("sequences", SEQUENCES)
def test_of_equal_models_any_is_told_apart_in_at_most_6_percent(sequences, number):
    rng = np.random.default_rng(3)
    means = np.full(number, TRUE_MM)
    apart = [
        bool(worse_than_best(resample([totals(rng, models(rng, sequences, kind, means))], DRAWS, 0)))
        for kind in ("lognormal", "gamma")
        for _ in range(500)
    ]
    assert np.mean(apart) <= 0.06


def test_models_that_do_differ_are_told_apart_and_only_they():
    rng = np.random.default_rng(4)
    means = np.array([10.0, 10.0, 10.0, 20.0, 13.0])
    found = [worse_than_best(resample([totals(rng, models(rng, 36, "gamma", means))], DRAWS, 0)) for _ in range(200)]
    assert np.mean([3 in worse for worse in found]) == 1.0
    assert np.mean([4 in worse for worse in found]) >= 0.95  # the noisy one leaves first, and no longer hides it
    assert np.mean([bool(worse & {0, 1, 2}) for worse in found]) <= 0.06


def test_draws_are_scipys_and_bounds_those_of_the_formula():
    values = np.random.default_rng(5).lognormal(2, 0.5, 12)
    found = resample([Totals(values[:, None], np.ones(12))], 20_000, 0)
    drawn = stats.bootstrap((values,), np.mean, n_resamples=20_000, rng=6).bootstrap_distribution
    assert found.means == pytest.approx([values.mean()])
    assert found.drawn.std() == pytest.approx(drawn.std(), rel=0.03)
    half = stats.t.ppf(0.975, 11) * (12 / 11) ** 0.5 * (drawn**-0.5).std()
    low, high = found.mean_bounds(LEVEL)
    assert low == pytest.approx((values.mean() ** -0.5 + half) ** -2, rel=0.01)
    assert high == pytest.approx((values.mean() ** -0.5 - half) ** -2, rel=0.01)


def test_a_heavy_sequence_counts_as_fewer_and_groups_are_averaged():
    counts = np.array([6.0, 2.0, 2.0, 2.0, 2.0])
    sums = counts[:, None] * np.array([[3.0], [1.0], [2.0], [1.0], [2.0]])
    heavy = resample([Totals(sums, counts)], DRAWS, 0)
    assert heavy.size == pytest.approx(14**2 / (36 + 4 * 4)) and heavy.sequences == 5
    other = Totals(np.array([[0.0], [0.0], [8.0], [8.0], [8.0]]), np.array([0.0, 0.0, 1.0, 1.0, 1.0]))
    both = resample([Totals(sums, counts), other], DRAWS, 0)
    assert both.means[0] == pytest.approx((30 / 14 + 8.0) / 2)
    assert (both.sequences, both.size) == (3, 3.0) and np.isfinite(both.drawn).all()


def test_ugly_samples_have_honest_bounds():
    def bounds(values):
        found = resample([Totals(np.array(values)[:, None], np.ones(len(values)))], DRAWS, 0)
        return [float(bound[0]) for bound in found.mean_bounds(LEVEL)]

    assert bounds([0.0] * 6) == [0.0, 0.0] and bounds([2.0] * 6) == pytest.approx([2.0, 2.0])
    low, high = bounds([0.0, 0.0, 0.0, 0.0, 9.0])
    assert 0.0 <= low < 0.2 and high == np.inf
    assert bounds([3.0]) == [0.0, np.inf]
    same = resample([Totals(np.array([[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]]), np.ones(3))], DRAWS, 0)
    assert same.gap(LEVEL) == 0.0 and worse_than_best(same) == set()
    assert resample([Totals(np.array([[1.0, 2.0]]), np.ones(1))], DRAWS, 0).gap(LEVEL) == np.inf
