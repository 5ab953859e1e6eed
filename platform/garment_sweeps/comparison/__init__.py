"""What researchers look at: the leaderboard, one S2S table for any system, and the comparison page."""

from garment_sweeps.comparison.compare import compare
from garment_sweeps.comparison.evaluate import evaluate
from garment_sweeps.comparison.leaderboard import Leaderboard, leaderboard

__all__ = ["Leaderboard", "compare", "evaluate", "leaderboard"]
