"""The results of a sweep."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from garment_sweeps.comparison.board import Leaderboard


def results(sweep: str) -> "Leaderboard":
    """The sweep's trials, ranked, beside the baselines; UserError where MLflow knows of no such sweep."""
    from garment_sweeps.comparison.leaderboard import leaderboard

    return leaderboard(sweep)
