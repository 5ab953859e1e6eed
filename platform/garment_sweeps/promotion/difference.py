"""How much better one model is than another on the same samples, and how sure that is.

Frames of one sequence are alike, so it is sequences that are drawn again, each with all its garments in both models:
the paired bootstrap of a cluster sample (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapters 8
and 13). The statistic is the difference of the headline S2S, in which each garment of each sample counts once, so a
sequence with more garments counts more.

With a dozen sequences the bootstrap's percentiles are too narrow (two equal models would differ "significantly" about
twice as often as the level says). So the bounds are the wider of the percentiles and of Student's interval with the
bootstrap's standard error, whose degrees of freedom are the sequences less one.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from garment_uv.metrics.scores_file import SampleScore


@dataclass(frozen=True)
class Difference:
    """First model minus second, mm: negative where the first is better."""

    mean_mm: float
    low_mm: float
    high_mm: float
    """Bounds of the two-sided interval; infinite with fewer than two sequences."""
    sequences: int


def paired_difference(
    first: Sequence[SampleScore], second: Sequence[SampleScore], level: float, resamples: int, seed: int
) -> Difference:
    """The difference of the headline S2S of two models that were scored on the same garments, in the same order.

    Raises:
        ValueError: they were not scored on the same garments.
    """
    if [(item.sample, item.garment) for item in first] != [(item.sample, item.garment) for item in second]:
        raise ValueError("two models can be paired only over the same garments in the same order")
    _, which = np.unique([item.sequence for item in first], return_inverse=True)
    gaps = [one.mean_mm - other.mean_mm for one, other in zip(first, second, strict=True)]
    sums, counts = np.bincount(which, gaps), np.bincount(which)
    mean, number = float(sums.sum() / counts.sum()), len(sums)
    if number < 2:
        return Difference(mean, -math.inf, math.inf, number)
    from scipy.stats import t

    drawn = np.random.default_rng(seed).integers(0, number, (resamples, number))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    error = float(means.std()) * math.sqrt(number / (number - 1))
    half = float(t.ppf((1 + level) / 2, number - 1)) * error
    return Difference(mean, min(float(low), mean - half), max(float(high), mean + half), number)
