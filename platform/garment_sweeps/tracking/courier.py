"""One thread that brings records to MLflow, so that whoever makes them never waits for it."""

import threading
import time
from collections.abc import Callable

import tenacity

from garment_sweeps.settings.masking import first_line
from garment_sweeps.tracking.answers import is_away

LONGEST_WAIT = 12
"""A delivery that makes progress may take so many times what is waited for one that makes none."""
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 15.0
"""Between two tries while MLflow is away."""


class Courier:
    """Calls `deliver` in a thread of its own whenever it is poked, and again and again until that succeeds.

    Args:
        name: of the thread.
        deliver: makes MLflow say what it should; may be called any number of times. What it raises because MLflow is
            away (see `is_away`) is tried again; anything else ends the thread.
        every_s: seconds after which it is called without being poked; None never does.
    """

    def __init__(self, name: str, deliver: Callable[[], None], every_s: float | None = None) -> None:
        self._deliver = deliver
        self._every_s = every_s
        self._changed = threading.Condition()
        self._poked = self._done = self._waiting = 0
        self._progress_at = time.monotonic()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self.trouble = ""
        """What the last try ended with, in one line; empty after a success."""

    def poke(self) -> None:
        """Says that there is something to deliver; returns at once."""
        with self._changed:
            self._poked += 1
            self._changed.notify_all()
            if self._thread.ident is None:
                self._thread.start()

    def progress(self) -> None:
        """Notes that MLflow has just taken something; to be called by what delivers."""
        self._progress_at = time.monotonic()

    def settled(self, seconds: float) -> bool:
        """Whether everything poked so far has been delivered.

        Waits until so many seconds have passed without progress, a fifth of them where the last try has failed, and
        while there is some at most `LONGEST_WAIT` times as long. Pauses between tries are short meanwhile.
        """
        with self._changed:
            seconds = seconds / 5 if self.trouble else seconds
            wanted, began = self._poked, time.monotonic()
            self._waiting += 1
            self._changed.notify_all()
            while self._done < wanted and self._thread.is_alive():
                latest = max(began, self._progress_at) + seconds
                if time.monotonic() >= min(latest, began + LONGEST_WAIT * seconds):
                    break
                self._changed.wait(min(0.2, seconds))
            self._waiting -= 1
            return self._done >= wanted

    def close(self) -> None:
        """Lets the thread end after the request that it is in; what is undelivered stays so."""
        self._closing.set()
        with self._changed:
            self._changed.notify_all()

    @property
    def closing(self) -> bool:
        """Whether `close` was called: then nothing more is to be written."""
        return self._closing.is_set()

    def _work(self) -> None:
        tries = tenacity.Retrying(
            retry=tenacity.retry_if_exception(is_away),
            wait=tenacity.wait_exponential_jitter(initial=FIRST_PAUSE_S, max=LONGEST_PAUSE_S),
            stop=tenacity.stop_when_event_set(self._closing),
            sleep=self._pause,
            before_sleep=self._note,
        )
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self.closing or self._poked > self._done, self._every_s)
                wanted = self._poked
            if self.closing:
                return
            try:
                tries(self._deliver)
            except tenacity.RetryError:  # closed meanwhile
                return
            with self._changed:
                self.trouble, self._done = "", wanted
                self._changed.notify_all()

    def _note(self, state: tenacity.RetryCallState) -> None:
        self.trouble = first_line(state.outcome.exception())  # type: ignore[arg-type, union-attr]

    def _pause(self, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self.closing or self._waiting, seconds)
            if self._waiting:
                self._changed.wait_for(lambda: self.closing, min(seconds, FIRST_PAUSE_S))
