"""What a sweep says while it runs: a line per ended trial, and on a terminal a bar, both with what is to come."""

import time
from collections.abc import Callable
from typing import Any

from ray.tune import Callback
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from garment_sweeps.experiment import result_keys

REFRESH_S = 1.0
"""Seconds between two looks at the forecast."""


class SweepProgress(Callback):
    """Tune's callback in the driver.

    Args:
        trials: of the whole search, or repeats of the finals.
        done: those that earlier sessions ended.
        epochs: of a trial that is not stopped.
        left: says in words what is still to come (see `Outlook.left`).
        title: of the bar.
    """

    def __init__(
        self,
        trials: int,
        done: int,
        epochs: int,
        left: Callable[[], str],
        title: str = "trials",
        console: Console | None = None,
    ) -> None:
        self._console = console or Console(markup=False, emoji=False)
        self._epochs = epochs
        self._trials = trials
        self._done = done
        self._forecast = left
        self._title = title
        self._ended = 0
        self._forecast_at, self._words = float("-inf"), ""
        self._bar: Progress | None = None
        self._task = TaskID(0)

    def __enter__(self) -> "SweepProgress":
        if self._console.is_terminal:
            title, left = (TextColumn(text, markup=False) for text in ("{task.description}", "{task.fields[left]}"))
            columns = (title, BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), left)
            self._bar = Progress(*columns, console=self._console)
            self._bar.start()
            self._task = self._bar.add_task(self._title, total=self._trials, completed=self._done, left="")
        return self

    def __exit__(self, *exception: Any) -> None:
        if self._bar is not None:
            self._bar.stop()

    def on_trial_result(
        self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **info: Any
    ) -> None:
        """The bar says anew what is to come."""
        if self._bar is not None:
            self._bar.update(self._task, left=self._left())

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """One line per trial that ended, or that Tune gave up."""
        self._ended += 1
        result = trial.last_result or {}
        left = self._left()
        line = f"{trial.config['trial']['id']}  {_words(result, self._epochs)}  {left}".rstrip()
        self._console.print(line, markup=False, emoji=False, highlight=False, soft_wrap=True)
        if self._bar is not None:
            self._bar.update(self._task, completed=self._done + self._ended, left=left)

    on_trial_error = on_trial_complete

    def _left(self) -> str:
        """The forecast's words, as they were at most a second ago."""
        now = time.monotonic()
        if now - self._forecast_at >= REFRESH_S or not self._trials - self._done - self._ended:
            self._forecast_at, self._words = now, self._forecast()
        return self._words

    def __getstate__(self) -> dict[str, Any]:
        """Nothing of it belongs into Tune's snapshot."""
        return {}


def _words(result: dict[str, Any], epochs: int) -> str:
    reason = " ".join(result.get(result_keys.REASON, "").split())
    if result.get(result_keys.INFEASIBLE):
        return f"infeasible: {reason}"
    if result.get(result_keys.FAILED):
        return f"failed: {reason}"
    epoch, value = result.get(result_keys.EPOCH, 0), result.get(result_keys.OBJECTIVE)
    shown = "" if value is None else f"{value:.2f} mm"
    return f"epoch {epoch} of {epochs}  {shown}" + ("" if epoch >= epochs else "  stopped")
