"""One trial of a sweep, as Tune runs it."""
