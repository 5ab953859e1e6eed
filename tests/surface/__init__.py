"""What the rooms of both packages show: a change of it is seen, and meant."""
