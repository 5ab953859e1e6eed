"""Where a trial begins or goes on: its work, opened anew, and what its newest whole checkpoint knows of it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from garment_sweeps.ray.node import Place
from garment_sweeps.tracking.record import TrialRecord
from garment_sweeps.tracking.record_file import newest_record, read_record
from garment_sweeps.trials.attempts import CRASH_LOOP
from garment_sweeps.trials.checkpoints import TrialStore
from garment_sweeps.trials.context import TrialContext
from garment_sweeps.trials.lineage import Lineage
from garment_sweeps.trials.progress import Progress
from garment_sweeps.trials.team import Died
from garment_sweeps.trials.work import OpenWork, Work
from garment_uv.errors import Infeasible, UserError
from garment_uv.training.trial import TrialConfig

WORK_FOLDER = "work"
"""The work's own files in a checkpoint; beside it lie the progress and the record for MLflow."""


@dataclass
class ResumePoint:
    """How far a trial is as its process begins."""

    work: Work | None = None
    """None where it could not be opened."""
    hopeless: tuple[str, str] | None = None
    """Outcome and reason, where the trial is over before it begins."""
    last: dict[str, Any] = field(default_factory=dict)
    """The last result's own keys."""
    curve: dict[int, float] = field(default_factory=dict)
    """Objective, mm, of every epoch that was evaluated."""
    seconds: float = 0.0
    """Device-seconds along the history that it continues."""
    record: TrialRecord | None = None
    """For MLflow, up to here."""
    origin: str = ""
    """Path in the storage of the checkpoint gone on from; empty for none, or a local one."""
    settled: bool = False
    """Whether that checkpoint is of the values that the trial has now."""


class TrialOpening:
    """Opens a trial of `config` in its `store`."""

    def __init__(
        self,
        context: TrialContext,
        config: TrialConfig,
        store: TrialStore,
        lineage: Lineage,
        place: Place,
        open_work: OpenWork,
    ) -> None:
        self._context, self._config, self._place = context, config, place
        self._store, self._lineage = store, lineage
        self._open_work = open_work
        self._point = ResumePoint()

    def resume_point(self, checkpoint: Path | None) -> ResumePoint:
        """From the local folder `checkpoint` or, without a whole one, the newest whole checkpoint in the storage.

        Raises Died where one of the processes that should train together is gone; that counts as an attempt.
        """
        point = self._point
        several = self._config.training.processes > 1
        if several and self._store.crash_loop(0, self._place.gone):
            reason = f"the trial's processes died {CRASH_LOOP} times at their start; see their logs"
            point.hopeless = ("failed", reason)
            return point
        try:
            point.work = self._new_work()
            if checkpoint is None or not self._load(checkpoint):
                self._load_newest()
        except Infeasible as error:
            point.hopeless = ("infeasible", str(error))
        except UserError as error:
            point.hopeless = ("failed", str(error))
        except Died:
            self._store.start_attempt(0, self._place)  # it counts among those that crashed
            raise
        return point

    def _new_work(self) -> Work:
        return self._open_work(self._context, self._config, self._place)

    def _load_newest(self) -> None:
        own = self._store.checkpoints()
        if self._load_first(own) or not self._lineage.changes:
            return
        copied = self._lineage.copied
        left = [copied] if copied and self._store.holds(copied) else []
        self._load_first([*left, *own], changed=True)

    def _load_first(self, checkpoints: list[str], changed: bool = False) -> bool:
        for path in checkpoints:
            with self._store.fetched(path) as folder:
                if self._load(folder, changed):
                    self._point.origin = path
                    return True
        return False

    def _load(self, folder: Path, changed: bool = False) -> bool:
        """Whether it was whole, and the trial goes on from it; `changed` takes it also with other values."""
        point, trial_id = self._point, self._store.trial_id
        try:
            progress = Progress.read(folder)
            progress.check(self._context.claim.study if self._context.claim else "", self._context.codes)
            record = read_record(folder, progress.record_sha256)
            if not changed and progress.lineage != self._lineage.count:
                raise UserError("it is from before the trial went on with other values")
            point.work.load(folder / WORK_FOLDER, self._lineage.changes if changed else ())
            self._check_epoch(progress.epoch)
        except (UserError, OSError) as error:
            print(f"{trial_id}: left out a checkpoint that cannot be gone on from: {error}", flush=True)
            return False
        if record is not None and record.identity.trial_id != trial_id:  # begun from another trial's state
            record = newest_record(self._store.filesystem, self._store.checkpoints())
        point.settled = not changed
        point.last, point.seconds, point.record = dict(progress.last), progress.seconds, record
        point.curve = {} if changed else dict(progress.curve)
        return True

    def _check_epoch(self, epoch: int) -> None:
        """Begins the work anew where its part of a checkpoint is of another epoch than the rest."""
        own_epoch = self._point.work.epoch
        if own_epoch != epoch:
            self._point.work.close()
            self._point.work = self._new_work()
            raise UserError(f"its parts are of epochs {own_epoch} and {epoch}")
