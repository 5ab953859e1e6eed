"""The one truth of a sweep: its decision log, the study that follows it, and who may write to them.

What is decided is written into the log first and told to Optuna's study then; `state.sweep_state` opens both, held by
one driver alone, and makes the study again from a copy of the log where its database is lost.
"""

__all__ = [
    "catch_up",
    "claims",
    "decisions",
    "history",
    "journal",
    "lease",
    "outcome",
    "repeats",
    "spec",
    "state",
    "study",
]
