"""Which trials differ by more than their seeds do: intervals and groups of means over several seeds.

With three seeds a trial's own spread says next to nothing about its noise, so all trials share one: the pooled variance
within trials, as in a one-way analysis of variance. That takes the noise of a seed to be about the same for all, which
is fair among the best trials of one sweep.

Differences are judged by Tukey's honestly significant difference, in Kramer's form for unequal numbers of seeds
(Biometrics 12, 1956; Hayter 1984 proved that it keeps its level). The best trial is chosen by the same numbers that are
then tested, so single t-tests or Dunnett's would find differences too often; Tukey's level holds for all pairs at once.
Letters after Piepho, Journal of Computational and Graphical Statistics 13, 2004.

`scipy.stats.tukey_hsd` says the same, and a test holds that it does; it evaluates the range's distribution anew for
each pair, minutes for a leaderboard, and has no answer where values have no noise at all.

A finalist's first value is the one by which it was chosen, so it is a little too good, and so are the means that hold
it; that favours all finalists alike.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

LEVEL = 0.95
"""Of the intervals, and one minus the chance of telling any two equal trials apart."""
_NO_NOISE = 1e-12
"""A pooled variance below this part of the values' square is rounding, not noise."""


@dataclass(frozen=True)
class Estimate:
    """The mean over a trial's seeds, and how far it may be off."""

    mean: float
    """In mm, as the values."""
    seeds: int
    half_width: float | None
    """Half of the interval at `LEVEL`, from the noise of all trials together; None for one seed."""
    groups: tuple[int, ...] = ()
    """Numbers of its groups, from 0: trials that share one cannot be told apart; empty for one seed."""

    @property
    def letters(self) -> str:
        """The groups as letters, 'a' the first one; behind 'z' come 'aa', 'ab' and so on, set apart by commas."""
        letters = [_letter(group) for group in self.groups]
        return ("," if any(len(letter) > 1 for letter in letters) else "").join(letters)


def estimates(samples: Mapping[str, Sequence[float]], lettered: bool = True) -> dict[str, Estimate]:
    """Mean, interval and groups of each trial.

    Args:
        samples: S2S in mm of every seed, by trial. Trials of one seed get a mean alone: nothing is said about how far
            it may be off, and they are compared with none.
        lettered: False leaves the groups out, which take the longest.
    """
    repeated = {name: list(values) for name, values in samples.items() if len(values) > 1}
    widths = _half_widths(repeated)
    groups = _groups(repeated) if lettered else {}
    return {
        name: Estimate(_mean(values), len(values), widths.get(name), groups.get(name, ()))
        for name, values in samples.items()
        if len(values)
    }


def alike(one: Estimate, other: Estimate) -> bool | None:
    """Whether two trials cannot be told apart; None where one of them has one seed."""
    if not one.groups or not other.groups:
        return None
    return not set(one.groups).isdisjoint(other.groups)


def told_apart(samples: Mapping[str, Sequence[float]]) -> set[frozenset[str]]:
    """The pairs of trials, all of two or more seeds, that Tukey-Kramer tells apart at `LEVEL`."""
    variance, freedom = _pooled(samples)
    pairs = list(combinations(samples, 2))
    if variance == 0.0:
        apart = [not _same(_gap(samples, *pair), samples[pair[0]]) for pair in pairs]
    else:
        reach = _studentised(len(samples), freedom) * math.sqrt(variance / 2) if pairs else 0.0
        apart = [
            _gap(samples, *pair) > reach * math.sqrt(sum(1 / len(samples[name]) for name in pair)) for pair in pairs
        ]
    return {frozenset(pair) for pair, differs in zip(pairs, apart, strict=True) if differs}


@lru_cache(maxsize=64)
def _studentised(trials: int, freedom: int) -> float:
    """The studentised range that the means of equal trials exceed once in 20 times."""
    from scipy.stats import studentized_range

    return float(studentized_range.ppf(LEVEL, trials, freedom))


def _half_widths(samples: Mapping[str, Sequence[float]]) -> dict[str, float]:
    if not samples:
        return {}
    from scipy.stats import t

    variance, freedom = _pooled(samples)
    quantile = float(t.ppf(0.5 + LEVEL / 2, freedom))
    return {name: quantile * math.sqrt(variance / len(values)) for name, values in samples.items()}


def _groups(samples: Mapping[str, Sequence[float]]) -> dict[str, tuple[int, ...]]:
    """Groups by trial, numbered from the one with the lowest mean."""
    order = sorted(samples, key=lambda name: (_mean(samples[name]), name))
    differ = told_apart(samples)
    groups = [frozenset(order)] if order else []
    for first, second in combinations(order, 2):
        if frozenset((first, second)) in differ:
            groups = _split(groups, first, second)
    groups.sort(key=lambda group: sorted(order.index(name) for name in group))
    return {name: tuple(number for number, group in enumerate(groups) if name in group) for name in order}


def _split(groups: list[frozenset[str]], first: str, second: str) -> list[frozenset[str]]:
    """Groups in which the two no longer meet, without those that another one holds."""
    parted = []
    for group in groups:
        parted += [group - {first}, group - {second}] if {first, second} <= group else [group]
    parted = list(dict.fromkeys(parted))
    return [group for group in parted if not any(group < other for other in parted)]


def _letter(number: int) -> str:
    """As columns of a spreadsheet are named."""
    first, last = divmod(number, 26)
    return (_letter(first - 1) if first else "") + chr(ord("a") + last)


def _pooled(samples: Mapping[str, Sequence[float]]) -> tuple[float, int]:
    """Variance within trials and its degrees of freedom; exactly 0 where all that is left is rounding."""
    freedom = sum(len(values) - 1 for values in samples.values())
    squares = sum((value - _mean(values)) ** 2 for values in samples.values() for value in values)
    size = max((abs(value) for values in samples.values() for value in values), default=0.0)
    variance = squares / freedom if freedom else 0.0
    return (0.0 if variance <= _NO_NOISE**2 * size * size else variance), freedom


def _gap(samples: Mapping[str, Sequence[float]], first: str, second: str) -> float:
    return abs(_mean(samples[first]) - _mean(samples[second]))


def _same(gap: float, values: Sequence[float]) -> bool:
    return gap <= _NO_NOISE * max(abs(value) for value in values)


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
