"""A sweep on a stage of real parts, killed with kill -9 at seeded moments, and what must be true afterwards."""
