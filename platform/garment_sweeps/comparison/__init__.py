"""What a sweep's trials came to: leaderboard, intervals, importance, and the page that shows runs side by side."""

__all__ = ["bootstrap", "compare", "layouts", "leaderboard", "measure", "rows", "significance", "table"]
