"""How far a run's mean S2S may be off because other garments could have been held out, and which runs differ.

All runs that were measured on the same garments are compared by their differences, in which what makes a garment hard
for all cancels out: far more is told apart than by intervals that do not overlap. How bounds are found, and how often
they hold, `bootstrap` says. Nothing here speaks of the noise of a seed, which only repeats can tell (see
`significance`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from garment_sweeps.comparison.bootstrap import Resampled, resample
from garment_sweeps.comparison.measure import ALL, MACRO, Measure, measure_of
from garment_uv.classes import GARMENT_CLASSES
from garment_uv.metrics.scores_file import SampleScore

LEVEL = 0.95
DRAWS = 4000
METRICS = tuple(f"s2s/{name}" for name in (ALL, MACRO, *GARMENT_CLASSES))
FEWEST = 5
"""Sequences below which nothing is said."""


@dataclass(frozen=True)
class Interval:
    """A mean over garments, mm."""

    mean: float
    low: float | None
    high: float | None
    """Bounds at `LEVEL`; None where there are too few sequences, infinite above where these tell no bound."""
    sequences: int
    best: bool = False
    """The lowest mean of its class."""
    alike: bool | None = None
    """Whether it cannot be told apart from the lowest; None where that cannot be said."""


def intervals(
    runs: Sequence[Sequence[SampleScore]], metrics: Sequence[str] = METRICS, seed: int = 0
) -> list[dict[str, Interval]]:
    """By metric, for each run of which scores are given; without those of classes that it holds no garment of."""
    found: list[dict[str, Interval]] = [{} for _ in runs]
    for metric in metrics:
        for place, interval in _of_measure(runs, measure_of(metric), seed).items():
            found[place][metric] = interval
    return found


def worse_than_best(resampled: Resampled, level: float = LEVEL) -> set[int]:
    """Places of the models that are worse than the best one; among equal models none is, in `level` of cases.

    Step by step: those that are told apart leave, and the rest is judged again by the smaller gap that it has among
    itself (Romano and Wolf, "Exact and approximate stepdown methods for multiple hypothesis testing", Journal of the
    American Statistical Association 100, 2005).
    """
    means = resampled.means
    left, worse = set(range(len(means))), set()
    while len(left) > 1:
        limit = means.min() + resampled.gap(level, sorted(left))
        leaving = {place for place in left if means[place] > limit}
        if not leaving:
            break
        left -= leaving
        worse |= leaving
    return worse


def _of_measure(runs: Sequence[Sequence[SampleScore]], measure: Measure, seed: int) -> dict[int, Interval]:
    """Intervals by the run's place, of runs that hold a garment."""
    measured = [
        (places, resample(measure.totals(scores), DRAWS, seed)) for places, scores in _of_same_garments(runs, measure)
    ]
    means = {
        place: mean for places, found in measured for place, mean in zip(places, found.means.tolist(), strict=True)
    }
    best = min(means, key=lambda place: means[place], default=None)
    return {
        place: interval
        for places, found in measured
        for place, interval in zip(places, _of_models(found, best in places), strict=True)
    }


def _of_same_garments(
    runs: Sequence[Sequence[SampleScore]], measure: Measure
) -> list[tuple[list[int], list[list[SampleScore]]]]:
    """Places and scores of the runs that were measured on the same garments, in the same order, by those garments."""
    found: dict[tuple, tuple[list[int], list[list[SampleScore]]]] = {}
    for place, run in enumerate(runs):
        chosen = [item for item in run if measure.garments in (ALL, MACRO, item.garment)]
        chosen.sort(key=lambda item: (item.sample, item.garment))
        if chosen:
            places, scores = found.setdefault(tuple((item.sample, item.garment) for item in chosen), ([], []))
            places.append(place)
            scores.append(chosen)
    return list(found.values())


def _of_models(found: Resampled, with_best: bool) -> list[Interval]:
    """The interval of each; who is alike only where the best run of all is among them."""
    enough = found.sequences >= FEWEST
    best = int(found.means.argmin()) if with_best else None
    worse = worse_than_best(found) if enough and with_best else set()
    bounds = zip(*found.mean_bounds(LEVEL), strict=True) if enough else [(None, None)] * len(found.means)
    return [
        Interval(
            float(mean),
            None if low is None else float(low),
            None if high is None else float(high),
            found.sequences,
            place == best,
            place not in worse if enough and with_best and place != best else None,
        )
        for place, (mean, (low, high)) in enumerate(zip(found.means, bounds, strict=True))
    ]
