"""What a scheduler asks of, and tells to, the rest of the sweep."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Hooks:
    """Questions and messages; without them there is no budget and nobody listens."""

    exhausted: Callable[[], bool] = lambda: False
    """Whether nothing more may run: trials that wait are then ended, to be resumed by a later session."""
    full: Callable[[], bool] = lambda: False
    """Whether no trial that waits may be woken now."""
    interrupted: Callable[[str], bool] = lambda tune_id: False
    """Whether Tune's trial of that id was ended by the budget, and not by the scheduler or by itself."""
    written: Callable[[], bool] = lambda: True
    """Whether all that was logged has reached the database; a trial whose values changed starts only then."""
    on_pause: Callable[[str], None] = lambda name: None
    """A trial of that name now waits and holds no place."""
    on_wake: Callable[[str], None] = lambda name: None
    """A trial of that name, which waited, starts again."""
    on_exploit: Callable[[str, list[dict[str, Any]]], None] = lambda name, schedule: None
    """A trial of that name goes on from another's weights: its whole schedule, newest entry last.

    An entry has the `epoch` at which it was changed, `from` (a trial's name), `source_epoch` at which it goes on,
    `values` of all searched paths, and the `checkpoint` that is copied. It is told again for every trial with a
    schedule that a later session goes on with.
    """
