"""One trial of a sweep, as Tune runs it (`trainable`) or alone (`single`): epochs, checkpoints, attempts, tracking."""

__all__ = ["checkpoints", "context", "lineage", "single", "trainable", "work"]
