"""How far a mean S2S may be off because other garments could have been held out: a bootstrap over sequences.

Frames of one sequence show the same body in the same clothes, so that sequences are drawn again, with all their frames,
and not frames (a cluster bootstrap; Davison and Hinkley, "Bootstrap Methods and their Application", 1997, section 3.8).
All runs are measured on the same draws. Two runs are therefore compared by the interval of their difference, in which
what makes a garment hard for both cancels out: far more is told apart than by intervals that do not overlap.
Nothing here speaks of the noise of a seed, which only repeats can tell (see `significance`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from garment_uv.classes import GARMENT_CLASSES
from garment_uv.metrics.scores_file import SampleScore

LEVEL = 0.95
DRAWS = 4000
FEWEST = 5
"""Sequences below which nothing is said: percentiles of so few draws are far too narrow."""
ALL = "all"


@dataclass(frozen=True)
class Interval:
    """A mean over garments, mm."""

    mean: float
    low: float | None
    high: float | None
    """Bounds at `LEVEL`; None where there are too few sequences."""
    sequences: int
    best: bool = False
    """The lowest mean of its class."""
    alike: bool | None = None
    """Whether the difference to the lowest may be 0; None where that cannot be said."""


def intervals(runs: Sequence[Sequence[SampleScore]], seed: int = 0) -> list[dict[str, Interval]]:
    """For each run the intervals by class and of 'all'; classes that it holds no garment of have none.

    Args:
        runs: scores of each; runs without any get an empty dictionary.
        seed: of the draws.
    """
    found: list[dict[str, Interval]] = [{} for _ in runs]
    for name in (ALL, *GARMENT_CLASSES):
        chosen = [[item for item in run if name in (ALL, item.garment)] for run in runs]
        for place, interval in _of_class(chosen, seed).items():
            found[place][name] = interval
    return found


def _of_class(runs: list[list[SampleScore]], seed: int) -> dict[int, Interval]:
    """Intervals by the run's place, of runs that hold a garment."""
    there = [place for place, run in enumerate(runs) if run]
    sequences = sorted({item.sequence for place in there for item in runs[place]})
    draws = np.random.default_rng(seed).multinomial(len(sequences), _even(len(sequences)), DRAWS) if sequences else None
    means, drawn = {}, {}
    for place in there:
        sums, counts = _by_sequence(runs[place], sequences)
        means[place] = sums.sum() / counts.sum()
        with np.errstate(invalid="ignore"):
            drawn[place] = (draws @ sums) / (draws @ counts)
    best = min(means, key=means.get, default=None)
    garments = {place: {(item.sample, item.garment) for item in runs[place]} for place in there}
    found = {}
    for place in there:
        own = len({item.sequence for item in runs[place]})
        enough = own >= FEWEST
        low, high = _bounds(drawn[place]) if enough else (None, None)
        alike = None
        if enough and place != best and garments[place] == garments[best]:
            difference = _bounds(drawn[place] - drawn[best])
            alike = difference[0] <= 0.0
        found[place] = Interval(float(means[place]), low, high, own, place == best, alike)
    return found


def _by_sequence(scores: list[SampleScore], sequences: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Sum of S2S in mm and number of garments, by sequence."""
    at = {name: place for place, name in enumerate(sequences)}
    places = [at[item.sequence] for item in scores]
    values = [item.mean_mm for item in scores]
    size = len(sequences)
    return np.bincount(places, values, size), np.bincount(places, minlength=size).astype(float)


def _bounds(values: np.ndarray) -> tuple[float, float]:
    low, high = np.nanquantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def _even(count: int) -> np.ndarray:
    return np.full(count, 1.0 / count)
