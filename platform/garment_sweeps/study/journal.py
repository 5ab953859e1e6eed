"""The driver's writes to the study's database: in order, in the background, and again while the database is away."""

import queue
import sys
import threading
from collections.abc import Callable

import tenacity

from garment_sweeps.study.database import passes, sentence
from garment_uv.errors import UserError

PATIENCE_S = 900.0
"""How long a database may be away before the sweep is given up, seconds."""


class Journal:
    """Writes handed over with `put` reach the database one after the other; training does not wait for them.

    While the database is away a write is tried again; one that it refuses for good ends the journal at once.

    What was handed over and not yet written is lost when the process is killed, as if it had been killed a moment
    earlier; `written` says whether everything before has arrived, for what must not be lost.

    Args:
        fence: called before a write; raises UserError once another driver holds the sweep.
        patience_s: how long to go on trying while the database is away.
    """

    def __init__(self, fence: Callable[[], None] = lambda: None, patience_s: float = PATIENCE_S) -> None:
        self._fence = fence
        self._queue: queue.SimpleQueue = queue.SimpleQueue()
        self._patience_s = patience_s
        self.failure = ""
        """Why nothing is written any more; empty as long as all is well."""
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    def put(self, write: Callable[[], None]) -> None:
        """Hands a write over. It must be safe to repeat, since an answer can get lost after the database has it."""
        self._queue.put(write)

    def written(self, timeout_s: float) -> bool:
        """Whether all that was handed over has arrived, waiting at most so long; UserError once that is hopeless."""
        arrived = threading.Event()
        self._queue.put(arrived.set)
        done = arrived.wait(timeout_s)
        if self.failure:
            raise UserError(self.failure)
        return done

    def close(self) -> None:
        """Waits for all writes; UserError where they cannot be made."""
        while not self.written(1.0):
            pass
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (write := self._queue.get()) is not None:
            if not self.failure:
                try:
                    self._retrying()(self._fenced, write)
                    continue
                except Exception as error:  # whatever it is, the driver must hear it instead of losing writes
                    self.failure = sentence(error)
            if isinstance(getattr(write, "__self__", None), threading.Event):
                write()  # whoever waits is told

    def _fenced(self, write: Callable[[], None]) -> None:
        self._fence()
        write()

    def _retrying(self) -> tenacity.Retrying:
        return tenacity.Retrying(
            retry=tenacity.retry_if_exception(passes),
            stop=tenacity.stop_after_delay(self._patience_s),
            wait=tenacity.wait_exponential_jitter(initial=0.1, max=5.0),
            before_sleep=_say_once,
            reraise=True,
        )


class DirectJournal:
    """Writes at once: for studies in memory and replays."""

    failure = ""

    def put(self, write: Callable[[], None]) -> None:
        """Writes."""
        write()

    def written(self, timeout_s: float) -> bool:
        """Always."""
        return True


def _say_once(state: tenacity.RetryCallState) -> None:
    if state.attempt_number == 3:
        reason = sentence(state.outcome.exception())  # type: ignore[arg-type, union-attr]
        print(f"garment: {reason}; trying again, training goes on meanwhile", file=sys.stderr, flush=True)
