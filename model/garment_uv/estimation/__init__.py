"""A body from the picture alone: a small network of ours that regresses pose, shape and placement."""
