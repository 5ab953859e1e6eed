"""What a sweep will still cost: epochs that trials are expected to train, times what an epoch takes.

How far trials get is estimated from those that ended, as a survival curve: of the trials that were judged after epoch
e, the share that was stopped there. Running ones count for the epochs at which they were let go on. Successive
halving's own rule stands in as one more trial at each of its rungs, so that there is an answer before anything has
ended; of other schedulers nothing is foreseen that was not seen yet, and the first forecasts are an upper bound.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import ceil


@dataclass(frozen=True)
class Plan:
    """What is to be run."""

    trials: int
    """Of the search, in all."""
    epochs: int
    """Of a trial that is not stopped."""
    places: int
    """Trials that run at once."""
    share: float = 1.0
    """Devices that a trial counts for."""
    unit: str = "GPU-hours"
    """'device-hours' where trials have no GPU."""
    grace: int = 0
    """First rung of successive halving, in epochs; 0 without it."""
    reduction: float = 1.0
    """Of the trials that reach a rung, one in so many goes on."""
    repeats: int = 0
    """Full trainings of finalists with other seeds, after the search."""


@dataclass(frozen=True)
class Forecast:
    """From now to the end of search and finals."""

    gpu_hours: float
    wall_hours: float
    epochs: float
    """That are still to be trained."""


def survival(plan: Plan, ended: Sequence[int], running: Sequence[int] = ()) -> list[float]:
    """Expected share of trials that train epoch e + 1, for e = 0 … epochs - 1.

    Args:
        plan: gives the rungs.
        ended: epochs at which trials ended, whatever the reason; `plan.epochs` for complete ones.
        running: epochs done of trials that are running.
    """
    stopped, reached = Counter(ended), Counter((*ended, *running))
    judged, rungs = sum(reached.values()), _rungs(plan)
    share, shares = 1.0, []
    for epoch in range(plan.epochs):
        expected = 1.0 - 1.0 / plan.reduction if epoch in rungs else 0.0
        share *= 1.0 - (stopped[epoch] + expected) / (judged + 1)
        shares.append(share)
        judged -= reached[epoch]
    return shares


def forecast(
    plan: Plan, seconds_per_epoch: float, ended: Sequence[int] = (), running: Sequence[int] = (), repeated: float = 0.0
) -> Forecast:
    """What is left to do.

    Args:
        plan: the whole of the sweep.
        seconds_per_epoch: of one trial, on its devices.
        ended: epochs at which trials of the search ended.
        running: epochs done of those that are running or waiting to go on.
        repeated: epochs of the finals that are done.
    """
    shares = survival(plan, ended, running)
    fresh = max(0, plan.trials - len(ended) - len(running))
    ahead = [*accumulate(reversed(shares))][::-1]  # epochs from there on
    left = [ahead[done] / shares[done] for done in running if done < plan.epochs]
    search = fresh * sum(shares) + sum(left)
    longest = max([*left, sum(shares) if fresh else 0.0])
    finals = max(0.0, plan.repeats * plan.epochs - repeated)
    rounds = min(finals, ceil(finals / plan.epochs / plan.places) * plan.epochs)
    wall = max(search / plan.places, longest) + rounds
    return Forecast(
        gpu_hours=(search + finals) * seconds_per_epoch * plan.share / 3600.0,
        wall_hours=wall * seconds_per_epoch / 3600.0,
        epochs=search + finals,
    )


def _rungs(plan: Plan) -> set[int]:
    if not plan.grace or plan.reduction <= 1:
        return set()
    rungs, rung = set(), float(plan.grace)
    while rung < plan.epochs:
        rungs.add(ceil(rung))
        rung *= plan.reduction
    return rungs
