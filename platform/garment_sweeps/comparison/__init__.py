"""What researchers look at: the leaderboard, one S2S table for any system, and the comparison page."""
