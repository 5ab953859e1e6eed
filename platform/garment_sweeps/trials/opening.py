"""One trial in the process that runs it, and where it begins or goes on: by its newest whole checkpoint."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from garment_sweeps.ray.nodes import Place
from garment_sweeps.tracking.record import TrialRecord, newest_record, read_record
from garment_sweeps.trials.checkpoints import CRASH_LOOP, TrialStore
from garment_sweeps.trials.context import TrialContext
from garment_sweeps.trials.lineage import Lineage
from garment_sweeps.trials.progress import Progress
from garment_sweeps.trials.team import Died
from garment_sweeps.trials.work import OpenWork, Work
from garment_uv.errors import Infeasible, UserError
from garment_uv.training.trial import TrialConfig

WORK_FOLDER = "work"
"""The work's own files in a checkpoint; beside it lie the progress and the record for MLflow."""


@dataclass(frozen=True)
class Trial:
    """What this process is told of its trial, and what follows from it."""

    context: TrialContext
    told: dict[str, Any]
    """'id' and 'number', from the search."""
    values: dict[str, Any]
    """By config path: what the search decided."""
    place: Place
    open_work: OpenWork

    @property
    def id(self) -> str:
        """As 't00003'."""
        return self.told["id"]

    @cached_property
    def lineage(self) -> Lineage:
        """What changed while it trained."""
        return Lineage.of(self.told)

    @cached_property
    def config(self) -> TrialConfig:
        """As it is now."""
        return self.context.base.with_values(self.lineage.values(self.values))

    @cached_property
    def store(self) -> TrialStore:
        """What it has in the storage."""
        context = self.context
        return TrialStore.open(context.storage, context.sweep, self.id, context.session, context.claim)


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
    """Opens a trial's work."""

    def __init__(self, trial: Trial) -> None:
        self._trial = trial
        self._point = ResumePoint()

    def resume_point(self, checkpoint: Path | None) -> ResumePoint:
        """From the local folder `checkpoint` or, without a whole one, the newest whole checkpoint in the storage.

        Raises Died where one of the processes that should train together is gone; that counts as an attempt.
        """
        point, trial = self._point, self._trial
        if trial.config.training.processes > 1 and trial.store.crash_loop(0, trial.place.gone):
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
            trial.store.start_attempt(0, trial.place)  # it counts among those that crashed
            raise
        return point

    def _new_work(self) -> Work:
        return self._trial.open_work(self._trial.context, self._trial.config, self._trial.place)

    def _load_newest(self) -> None:
        store, lineage = self._trial.store, self._trial.lineage
        own = store.checkpoints()
        if self._load_first(own) or not lineage.changes:
            return
        copied = [lineage.copied] if lineage.copied and store.holds(lineage.copied) else []
        self._load_first([*copied, *own], changed=True)

    def _load_first(self, checkpoints: list[str], changed: bool = False) -> bool:
        for path in checkpoints:
            with self._trial.store.fetched(path) as folder:
                if self._load(folder, changed):
                    self._point.origin = path
                    return True
        return False

    def _load(self, folder: Path, changed: bool = False) -> bool:
        """Whether it was whole, and the trial goes on from it; `changed` takes it also with other values."""
        point, trial = self._point, self._trial
        try:
            progress = Progress.read(folder)
            progress.check(trial.context.study, trial.context.codes)
            record = read_record(folder, progress.record_sha256)
            if not changed and progress.lineage != trial.lineage.count:
                raise UserError("it is from before the trial went on with other values")
            assert point.work is not None
            point.work.load(folder / WORK_FOLDER, trial.lineage.changes if changed else ())
            own_epoch = point.work.epoch
            if own_epoch != progress.epoch:
                point.work.close()
                point.work = self._new_work()
                raise UserError(f"its parts are of epochs {own_epoch} and {progress.epoch}")
        except (UserError, OSError) as error:
            print(f"{trial.id}: left out a checkpoint that cannot be gone on from: {error}", flush=True)
            return False
        if record is not None and record.identity.trial_id != trial.id:  # begun from another trial's state
            record = newest_record(trial.store.filesystem, trial.store.checkpoints())
        point.settled = not changed
        point.last, point.seconds, point.record = dict(progress.last), progress.seconds, record
        point.curve = {} if changed else dict(progress.curve)
        return True
