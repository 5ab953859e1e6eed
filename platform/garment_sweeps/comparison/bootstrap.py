"""The paired cluster bootstrap: how far means may be off because other sequences could have been held out.

Frames of one sequence show the same body in the same clothes, so sequences are drawn again, each with all its garments
(Davison and Hinkley, "Bootstrap Methods and their Application", 1997, section 3.8), and all models are measured on the
same draws. The plain percentiles of 5 sequences hold the truth in 80 % of cases where they say 95. What mends that:

- The draws' standard error is widened by sqrt(n / (n - 1)) and taken times Student's quantile (Hesterberg, The American
  Statistician 69, 2015), whose degrees of freedom count sequences by weight (Kish, "Survey Sampling", 1965).
- Bounds of one mean are taken on the scale 1 / sqrt(mean): errors are skewed, with a variance that grows about as the
  cube of the mean, and on that scale it stays the same (Tibshirani, Biometrika 75, 1988).
- Differences among several models are judged by the largest gap between any two of them over the shared draws (Westfall
  and Young, "Resampling-Based Multiple Testing", 1993), which has the more degrees of freedom, the more independent
  directions the models differ in (Greenhouse and Geisser, Psychometrika 24, 1959).

By simulation with 5 to 36 sequences of several garments each (`test_bootstrap`), bounds of a mean hold it in 93 to 97 %
for lognormal and gamma sequences whose coefficient of variation is at most 0.5, bounds of a difference in 93 to 97 %
for models up to 30 % apart, and of eight equal models any loses its mark in at most 6 % of pages. Beyond that: with a
coefficient of 0.7, or two kinds of sequences of which one is twice as hard, a mean's bounds hold 92 to 96 %; bounds of
a difference of models twice apart hold 91 %, and what they miss is an even larger difference.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

_NORMAL_SCALE = -0.5
"""The power of a mean on which its variance does not depend on it."""
_FLOOR = 1e-3
"""The least of its mean that a draw counts as: the power of none is infinite."""


@dataclass(frozen=True)
class Totals:
    """What sequences hold of one group of garments."""

    sums: np.ndarray
    """Errors added up, mm, by sequence and model: float [sequences, models]."""
    counts: np.ndarray
    """Garments by sequence, the same ones for all models: float [sequences]."""

    @property
    def sequences(self) -> int:
        """How many hold a garment of the group."""
        return int(np.count_nonzero(self.counts))

    @property
    def size(self) -> float:
        """So many sequences of equal weight would tell as much."""
        return float(self.counts.sum() ** 2 / (self.counts**2).sum())


@dataclass(frozen=True)
class Resampled:
    """Means of models over the same sequences, and what they were on each draw of those sequences."""

    means: np.ndarray
    """Mm: float [models]."""
    drawn: np.ndarray
    """Float [draws, models]."""
    sequences: int
    size: float
    """So many sequences of equal weight would tell as much."""

    def mean_bounds(self, level: float) -> tuple[np.ndarray, np.ndarray]:
        """Low and high bound of each mean, mm: float [models] each; infinite above where the draws allow any mean."""
        means, drawn = self.means, np.maximum(self.drawn, _FLOOR * self.means)
        with np.errstate(divide="ignore", invalid="ignore"):
            middle = means**_NORMAL_SCALE
            half = self._half(level, (drawn**_NORMAL_SCALE).std(axis=0))
            low, high = (middle + half) ** (1 / _NORMAL_SCALE), np.maximum(middle - half, 0.0) ** (1 / _NORMAL_SCALE)
        return np.where(means > 0, low, 0.0), np.where(means > 0, high, 0.0)

    def gap(self, level: float, among: Sequence[int] | None = None) -> float:
        """The largest difference between any two of equal models, mm, in `level` of cases, as 0.95.

        Of two models it is half the width of the interval of their difference. `among` are the places of the models
        that are looked at, at least two; all by default.
        """
        from scipy.special import ndtri

        off = (self.drawn - self.means)[:, slice(None) if among is None else list(among)]
        largest = float(np.quantile(np.ptp(off, axis=1), level))
        return float(self._half(level, largest / float(ndtri((1 + level) / 2)), _directions(off)))

    def _half(self, level: float, error: np.ndarray | float, directions: float = 1.0) -> np.ndarray | float:
        """Half an interval, of the draws' standard error."""
        if self.sequences < 2:
            return np.full_like(error, np.inf)
        from scipy.special import stdtrit

        freedom = max(self.size - 1, 1.0) * directions
        return error * float(stdtrit(freedom, (1 + level) / 2)) * np.sqrt(self.sequences / (self.sequences - 1))


def resample(groups: Sequence[Totals], draws: int, seed: int) -> Resampled:
    """Means of models on `draws` draws of sequences; of several groups of garments the mean of the groups' means.

    Sequences that hold a garment of no group are not drawn; a draw without any garment of a group leaves it out.
    """
    held = np.sum([group.counts for group in groups], axis=0) > 0
    groups = [Totals(group.sums[held], group.counts[held]) for group in groups]
    weights = _draws(int(held.sum()), draws, seed)
    means = np.mean([group.sums.sum(axis=0) / group.counts.sum() for group in groups], axis=0)
    with np.errstate(invalid="ignore"):
        drawn = [(weights @ group.sums) / (weights @ group.counts)[:, None] for group in groups]
    least = min(groups, key=lambda group: group.size)
    return Resampled(means, np.nanmean(drawn, axis=0), least.sequences, least.size)


@lru_cache(maxsize=16)
def _draws(sequences: int, draws: int, seed: int) -> np.ndarray:
    """How often each sequence is drawn: float [draws, sequences]."""
    even = np.full(sequences, 1.0 / sequences)
    return np.random.default_rng(seed).multinomial(sequences, even, draws).astype(float)


def _directions(off: np.ndarray) -> float:
    """Independent directions in which models differ, at least 1, by how much means are off, float [draws, models]."""
    apart = off - off.mean(axis=1, keepdims=True)
    spread = apart.T @ apart
    squares = float((spread**2).sum())
    return float(np.trace(spread)) ** 2 / squares if squares else 1.0
