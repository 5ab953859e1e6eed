"""One trial from start or checkpoint to its end: work, checkpoints, tracking and limits, without Tune."""

import time
import traceback
from pathlib import Path
from typing import Any

from garment_sweeps.experiment import result_keys
from garment_sweeps.ray.node import Place
from garment_sweeps.settings.code import code_digest
from garment_sweeps.settings.masking import masked
from garment_sweeps.tracking.model_artifact import GALLERY_ARTIFACT, MODEL_ARTIFACT, SCORES_ARTIFACT, model_tags
from garment_sweeps.tracking.process_log import ProcessLog
from garment_sweeps.tracking.record import TrialRecord, start_of
from garment_sweeps.tracking.searched import SEARCHED
from garment_sweeps.trials import tracked
from garment_sweeps.trials.attempts import CRASH_LOOP
from garment_sweeps.trials.checkpoints import KEEP, TrialStore
from garment_sweeps.trials.context import TrialContext
from garment_sweeps.trials.lineage import Lineage
from garment_sweeps.trials.opening import WORK_FOLDER, TrialOpening
from garment_sweeps.trials.progress import Progress
from garment_sweeps.trials.work import OpenWork, open_training
from garment_uv.errors import Infeasible, UserError


class Superseded(Exception):
    """A later attempt of the same trial is at work; this process ends without writing anything more."""


class TrialJob:
    """Runs a trial epoch by epoch and says after each what to report.

    Args:
        context: of the sweep.
        trial: 'id' and 'number', from the search.
        values: config paths that the search decided.
        checkpoint: local folder to go on from; without one, the newest whole checkpoint in the storage is looked for.
        place: the node on which this process runs; nowhere in particular by default.
        open_work: opens what the trial does; training by default.
    """

    def __init__(
        self,
        context: TrialContext,
        trial: dict[str, Any],
        values: dict[str, Any],
        checkpoint: Path | None = None,
        place: Place | None = None,
        open_work: OpenWork = open_training,
    ) -> None:
        self._began = time.monotonic()
        log = ProcessLog.here()
        self._context = context
        self._trial_id = trial["id"]
        self._values = values
        self._lineage = Lineage.of(trial)
        self._needs_copy = self._lineage.copied is not None
        self._config = context.base.with_values(self._lineage.values(values))
        self._store = TrialStore.open(context.storage, context.sweep, trial["id"], context.session, context.claim)
        if self._store.claim_lost():
            raise Superseded(f"{trial['id']} is of a study that does not hold its place in the storage any more")
        self._place = place or Place()
        self._ended = False
        self._saved = 0
        opening = TrialOpening(context, self._config, self._store, self._lineage, self._place, open_work)
        point = opening.resume_point(checkpoint)
        self._work, self._hopeless, self._settled = point.work, point.hopeless, point.settled
        self._origin = point.origin  # newer ones may be torn, so it stays until there are others
        self._last, self._curve = point.last, point.curve
        self._unreported = dict(point.curve)
        self._seconds_before = point.seconds
        if self._hopeless is None and self._store.crash_loop(self._epoch, self._place.gone):
            reason = f"the trial's process died {CRASH_LOOP} times at epoch {self._epoch}; see its log"
            self._hopeless = ("failed", reason)
        self._attempt = self._store.start_attempt(self._epoch, self._place)
        self._tracking = self._open_tracking(trial, values, log, point.record)
        print(f"{context.sweep} {self._trial_id}: attempt {self._attempt.number} from epoch {self._epoch}", flush=True)

    def step(self) -> dict[str, Any]:
        """Trains one epoch and returns the result to report; 'done' is True in the last one."""
        if self._hopeless is not None:
            return self._end(*self._hopeless)
        if self._epoch >= self._config.training.epochs:
            return self._complete()  # killed after its last checkpoint, before it was told
        try:
            metrics = self._work.run_epoch()
        except Infeasible as error:
            return self._end("infeasible", str(error))
        except UserError as error:
            return self._end("failed", str(error))
        except Exception:
            self._crash()
            raise
        self._must_be_latest()
        return self._report(metrics)

    def save(self, folder: Path) -> None:
        """Writes a checkpoint: the work's own files, the record for MLflow, then what was last reported."""
        self._must_be_latest()
        self._store.prune(spare=self._origin if self._saved < KEEP else "")
        if self._work is not None:
            self._work.save(folder / WORK_FOLDER)
        sha256 = self._tracking.save(folder) if self._tracking is not None else ""
        if self._settled and self._needs_copy:
            self._lineage.release(self._store)
            self._needs_copy = False
        Progress(
            epoch=self._epoch,
            seconds=self._seconds,
            last=self._last,
            curve=tuple(self._curve.items()),
            lineage=self._lineage.count,
            record_sha256=sha256,
            study=self._context.claim.study if self._context.claim else "",
            code=code_digest(),
        ).write(folder)
        self._settled = True
        self._saved += 1

    def export(self, folder: Path) -> None:
        """Writes the model for inference."""
        self._work.export(folder)

    def close(self, interrupted: bool = False) -> None:
        """Ends a trial that was stopped from outside; one that ended by itself is closed already.

        Args:
            interrupted: it was not judged but cut short, and may go on later.
        """
        if not self._ended:
            self._ended = True
            self._stopped("" if interrupted else "pruned")
        if self._work is not None:
            self._work.close()

    def leave(self) -> None:
        """Lets go of a trial that goes on in another process; what was printed here is kept."""
        self._ended = True
        if self._tracking is not None:
            self._tracking.leave()

    def _stopped(self, outcome: str) -> None:
        if self._store.superseded(self._attempt):
            if self._tracking is not None:
                self._tracking.drop()
            return
        self._store.end_attempt(self._attempt, self._place)
        if self._tracking is not None:
            reason = f"stopped at epoch {self._epoch} of {self._config.training.epochs}"
            try:
                self._tracking.end(outcome, reason, {}, {})
            except OSError as error:  # its last checkpoint holds the record too
                print(f"{self._trial_id}: neither MLflow nor the storage took the trial's end: {error}", flush=True)

    def _report(self, metrics: dict[str, float]) -> dict[str, Any]:
        if self._tracking is not None:
            changing = self._lineage.metrics(self._values)
            self._tracking.epoch(self._epoch, {**metrics, **changing, result_keys.DEVICE_SECONDS: self._seconds})
        self._last = {result_keys.EPOCH: self._epoch}
        if self._context.metric in metrics:
            self._last[result_keys.OBJECTIVE] = float(metrics[self._context.metric])
            self._curve[self._epoch] = self._last[result_keys.OBJECTIVE]
        if self._epoch >= self._config.training.epochs:
            return self._complete()
        return self._result()

    def _complete(self) -> dict[str, Any]:
        """The end of a trial that trained all its epochs: its costs, its model and pictures."""
        self._must_be_latest()
        try:
            costs = self._last.get(result_keys.COSTS) or self._work.costs()
        except Infeasible as error:
            return self._end("infeasible", str(error))
        self._last[result_keys.COSTS] = costs
        marks = self._keep_model() if self._tracking is not None else {}
        return self._end("complete", "", {f"costs/{name}": value for name, value in costs.items()}, marks)

    def _end(
        self, outcome: str, reason: str, metrics: dict[str, float] | None = None, marks: dict[str, str] | None = None
    ) -> dict[str, Any]:
        self._must_be_latest()
        self._ended, reason = True, masked(reason)
        if self._tracking is not None:
            self._tracking.end(outcome, reason, metrics or {}, marks or {})
        flags = {"infeasible": {result_keys.INFEASIBLE: True}, "failed": {result_keys.FAILED: True}}.get(outcome, {})
        if flags:
            self._last.pop(result_keys.OBJECTIVE, None)
        return {**self._result(), **flags, result_keys.REASON: reason, "done": True}

    def _crash(self) -> None:
        """An error of the machine or of the program: Tune starts the trial again; what was printed is kept."""
        traceback.print_exc()
        self.leave()

    def _result(self) -> dict[str, Any]:
        result = {
            result_keys.EPOCH: self._epoch,
            **self._last,
            result_keys.DEVICE_SECONDS: self._seconds,
            result_keys.ATTEMPT: self._attempt.number,
            result_keys.ATTEMPT_SECONDS: time.monotonic() - self._began,
        }
        if self._tracking is not None and self._tracking.run_id:
            result[result_keys.RUN_ID] = self._tracking.run_id
        if self._unreported:
            result[result_keys.EARLIER] = [[epoch, value] for epoch, value in self._unreported.items()]
            self._unreported = {}
        return result

    def _keep_model(self) -> dict[str, str]:
        """Hands model, scores and gallery to the tracking, and returns the tags that go with them."""
        folder, marks = self._tracking.folder(MODEL_ARTIFACT), {}
        if self._work.export(folder):
            metrics = {self._context.metric: self._last.get(result_keys.OBJECTIVE, float("nan"))}
            marks = model_tags(folder, self._epoch, metrics)
            self._tracking.keep(MODEL_ARTIFACT)
        try:
            if self._work.scores(self._tracking.folder(SCORES_ARTIFACT)):
                self._tracking.keep(SCORES_ARTIFACT)
            if self._work.gallery(self._tracking.folder(GALLERY_ARTIFACT)):
                self._tracking.keep(GALLERY_ARTIFACT)
        except Infeasible as error:
            print(f"{self._trial_id}: no gallery, {error}", flush=True)
        return marks

    @property
    def _epoch(self) -> int:
        return self._work.epoch if self._work is not None else 0

    @property
    def _seconds(self) -> float:
        """The trial's device-seconds along the history that it continues, this attempt's opening included."""
        return self._seconds_before + time.monotonic() - self._began

    def _open_tracking(
        self, trial: dict[str, Any], values: dict[str, Any], log: ProcessLog, before: TrialRecord | None
    ) -> tracked.TrialTracking | None:
        if self._context.tracking is None:
            return None
        known = self._work.parameters if self._work is not None else {}
        searched = {f"{SEARCHED}{path}": value for path, value in values.items()}
        extra = {**known, **searched, "trial_number": trial["number"]}
        began_with = self._context.base.with_values(values)  # what changed since is in its curves
        start = start_of(self._attempt.number, tracked.place_tags(self._place, log))
        record = tracked.make_record(self._context, trial, began_with, extra, start, before)
        return tracked.TrialTracking(self._context, record, log, lambda: self._store.superseded(self._attempt))

    def _must_be_latest(self) -> None:
        if self._store.superseded(self._attempt):
            raise Superseded(f"{self._trial_id} was started again elsewhere")
