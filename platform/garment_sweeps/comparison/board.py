"""What a leaderboard holds: a sweep's trials in order, and the baselines."""

from dataclasses import dataclass

from garment_sweeps.comparison.rows import Row
from garment_sweeps.comparison.significance import alike
from garment_sweeps.tracking.record import HEADLINE


@dataclass(frozen=True)
class Leaderboard:
    """Trials in order; finals are compared with finals only.

    Complete trials come first: those trained over several seeds by their mean, then those of one seed, whose value
    may be luck, then those that break a constraint; after them the stopped ones.
    """

    sweep: str
    trials: tuple[Row, ...]
    baselines: tuple[Row, ...]
    differing: tuple[str, ...]
    """Parameters that are not the same in all trials."""
    costs: tuple[str, ...] = ()
    """Objectives beside the error."""
    objective: str = HEADLINE
    """The metric that ranks, mm."""

    @property
    def best(self) -> Row | None:
        """The first of the complete trials that keep the constraints, or None."""
        return next((row for row in self.trials if row.outcome == "complete" and not row.over_limit), None)

    @property
    def alike(self) -> tuple[Row, ...]:
        """Trials that cannot be told apart from the best."""
        best = self.best
        if best is None or not best.repeated:
            return ()
        others = [row for row in self.trials if row.estimate is not None and row is not best]
        return tuple(row for row in others if alike(best.estimate, row.estimate))  # type: ignore[arg-type]

    @property
    def front(self) -> tuple[Row, ...]:
        """Trials that no other one beats in every objective."""
        return tuple(row for row in self.trials if row.on_front)
