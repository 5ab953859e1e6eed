"""Makes MLflow say what a trial's record says: what is there already is left alone, what is missing is sent."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from garment_sweeps.tracking.answers import SETTLE_S, TRIES, is_away, is_refused
from garment_sweeps.tracking.parts import Parts
from garment_sweeps.tracking.process_log import LOGS_ARTIFACT
from garment_sweeps.tracking.record import TrialRecord
from garment_sweeps.tracking.trial_run import TrialRun

if TYPE_CHECKING:
    from mlflow import MlflowClient

RUN = "the run"
"""The part without which no other can be delivered."""


class Abandoned(Exception):
    """A later attempt owns the run, or somebody else delivers the record now: nothing more may be written."""


class Delivery:
    """One record on its way; called again after every change of it, and after every failure.

    Args:
        client: made at the first call.
        record: to deliver.
        mine: whether this process may still write to the run; asked before every step.
        live: the trial is at work: its run is marked as running, by this attempt.
        progress: called whenever MLflow has taken something.
        anew: sends also what MLflow has, since of some epochs it may have a part.
    """

    def __init__(
        self,
        client: Callable[[], "MlflowClient"],
        record: TrialRecord,
        mine: Callable[[], bool] = lambda: True,
        live: bool = False,
        progress: Callable[[], None] = lambda: None,
        anew: bool = False,
    ) -> None:
        self._client = client
        self._record = record
        self._mine = mine
        self._live = live
        self._progress = progress
        self._anew = anew
        self._run: TrialRun | None = None
        self._late = False
        self._sent: set[tuple[str, str]] = set()
        self._ended = False
        self._was_away = False
        self._parts = Parts()
        self.run_id = ""
        """The trial's run; empty until MLflow has answered once."""

    @property
    def refused(self) -> dict[str, str]:
        """What MLflow will never take, by its name, and why; the rest was or will be sent."""
        return self._parts.refused

    def __call__(self) -> None:
        """Sends what is missing. What it raises because MLflow is away leaves it ready to be called again."""
        for left in reversed(range(TRIES)):
            self._parts.sure = not left
            try:
                return self._deliver()
            except Abandoned:
                return None
            except Exception as error:
                if is_away(error) or is_refused(error):
                    # MLflow may have lost or kept what was under way, and the run may be gone: look anew
                    self._run, self._ended, self._was_away = None, False, True
                if not is_refused(error):
                    raise

    def _deliver(self) -> None:
        self._check()
        run = self._run or self._parts.send(RUN, self._open)
        if run is None:
            return
        if not self._late:
            self._check()
            run.complete_params(self._record.identity, self._parts)
            run.log_epochs(list(self._record.epochs), self._parts)
            self._progress()
        for path, folder in list(self._record.folders.items()):
            if not self._late or path == LOGS_ARTIFACT:
                self._send_folder(run, path, folder)
        ending = self._record.ending
        if ending is not None and not self._ended and not self._late:
            self._check()
            run.finish(ending, self._record.epochs[-1] if self._record.epochs else None, self._parts)
            self._ended = True

    def _send_folder(self, run: TrialRun, path: str, folder: Path) -> None:
        for file in sorted(file for file in folder.rglob("*") if file.is_file()):
            place = "/".join((path, *file.relative_to(folder).parent.parts))
            if (place, file.name) not in self._sent:
                self._check()
                self._parts.send(f"file {place}/{file.name}", partial(run.log_file, file, place))
                self._progress()
                self._sent.add((place, file.name))

    def _open(self) -> TrialRun:
        began = time.monotonic()
        start = self._record.start
        run = TrialRun.open(self._client(), self._record.identity, start)
        if self._was_away or time.monotonic() - began > SETTLE_S:
            time.sleep(SETTLE_S)
            run.look_again()
            self._was_away = False
        self._late = run.attempt > start.number  # a later attempt owns the run: of this one only its log is news
        if not self._late and (self._live or run.attempt < start.number):
            self._check()
            run.take_over(start)
        if self._anew:
            run.steps.clear()
        if run.run_id != self.run_id:
            self._sent.clear()
        self._run, self.run_id = run, run.run_id
        self._progress()
        return run

    def _check(self) -> None:
        """Before a step, whether it is still ours to take."""
        if not self._mine():
            raise Abandoned
