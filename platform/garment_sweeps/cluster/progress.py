"""What a sweep says while it runs: one line per ended trial, and on a terminal a bar with the time left."""

import time
from typing import Any

from ray.tune import Callback
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from garment_sweeps.trials import results


class SweepProgress(Callback):
    """Tune's callback in the driver.

    Args:
        trials: of the whole sweep.
        done: trials that earlier sessions ended.
        epochs: of a trial that is not stopped.
    """

    def __init__(self, trials: int, done: int, epochs: int, console: Console | None = None) -> None:
        self._console = console or Console()
        self._epochs = epochs
        self._trials = trials
        self._done = done
        self._ended = 0
        self._began = time.monotonic()
        self._bar: Progress | None = None
        self._task = None

    def __enter__(self) -> "SweepProgress":
        if self._console.is_terminal:
            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
            self._bar = Progress(*columns, TextColumn("{task.fields[left]}"), console=self._console)
            self._bar.start()
            self._task = self._bar.add_task("trials", total=self._trials, completed=self._done, left="")
        return self

    def __exit__(self, *exception: Any) -> None:
        if self._bar is not None:
            self._bar.stop()

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """One line per trial that ended."""
        self._line(trial)

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """One line per trial that Tune gave up."""
        self._line(trial)

    def _line(self, trial: Any) -> None:
        self._ended += 1
        result = trial.last_result or {}
        self._console.print(
            f"{trial.config['trial']['id']}  {_words(result, self._epochs)}  {self._left()}", highlight=False
        )
        if self._bar is not None:
            self._bar.update(self._task, completed=self._done + self._ended, left=self._left())

    def _left(self) -> str:
        remaining = max(0, self._trials - self._done - self._ended)
        seconds = (time.monotonic() - self._began) / self._ended * remaining
        return f"about {seconds / 60:.1f} min left" if remaining else ""

    def __getstate__(self) -> dict[str, Any]:
        """Nothing of it belongs into Tune's snapshot."""
        return {}


def _words(result: dict[str, Any], epochs: int) -> str:
    if result.get(results.INFEASIBLE):
        return f"infeasible: {result.get(results.REASON, '')}"
    if result.get(results.FAILED):
        return f"failed: {result.get(results.REASON, '')}"
    epoch, value = result.get(results.EPOCH, 0), result.get(results.OBJECTIVE)
    shown = "" if value is None else f"{value:.2f} mm"
    return f"epoch {epoch} of {epochs}  {shown}" + ("" if epoch >= epochs else "  stopped")
