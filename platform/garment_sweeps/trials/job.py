"""One trial from start or checkpoint to its end: work, checkpoints, tracking and limits, without Tune."""

import time
import traceback
from pathlib import Path
from typing import Any

from garment_sweeps.experiment import result_keys
from garment_sweeps.ray.nodes import NOWHERE, Place
from garment_sweeps.settings.code import code_digest
from garment_sweeps.settings.masking import masked
from garment_sweeps.tracking.model_artifact import GALLERY_ARTIFACT, MODEL_ARTIFACT, SCORES_ARTIFACT, model_tags
from garment_sweeps.tracking.process_log import ProcessLog
from garment_sweeps.trials.checkpoints import CRASH_LOOP, KEEP
from garment_sweeps.trials.context import TrialContext
from garment_sweeps.trials.opening import WORK_FOLDER, Trial, TrialOpening
from garment_sweeps.trials.progress import Progress
from garment_sweeps.trials.tracked import TrialTracking
from garment_sweeps.trials.work import OpenWork, Work, open_training
from garment_uv.errors import Infeasible, UserError

FLAGS = {"infeasible": {result_keys.INFEASIBLE: True}, "failed": {result_keys.FAILED: True}}
"""In the last result, by outcome."""


class Superseded(Exception):
    """A later attempt of the same trial is at work; this process ends without writing anything more."""


class TrialJob:
    """Runs a trial epoch by epoch and says after each what to report.

    Args:
        context: of the sweep.
        told: 'id' and 'number', from the search.
        values: config paths that the search decided.
        checkpoint: local folder to go on from; without one, the newest whole checkpoint in the storage is looked for.
        place: the node on which this process runs.
        open_work: opens what the trial does; training by default.
    """

    def __init__(
        self,
        context: TrialContext,
        told: dict[str, Any],
        values: dict[str, Any],
        checkpoint: Path | None = None,
        place: Place = NOWHERE,
        open_work: OpenWork = open_training,
    ) -> None:
        self._began = time.monotonic()
        log = ProcessLog.here()
        self.trial = trial = Trial(context, told, values, place, open_work)
        self._needs_copy = trial.lineage.copied is not None
        self._ended = False
        self._saved = 0
        if trial.store.claim_lost():
            raise Superseded(f"{trial.id} is of a study that does not hold its place in the storage any more")
        point = TrialOpening(trial).resume_point(checkpoint)
        self._opened, self._hopeless, self._settled = point.work, point.hopeless, point.settled
        self._origin = point.origin  # newer ones may be torn, so it stays until there are others
        self._last, self._curve = point.last, point.curve
        self._unreported = dict(point.curve)
        self._seconds_before = point.seconds
        if self._hopeless is None and trial.store.crash_loop(self._epoch, place.gone):
            reason = f"the trial's process died {CRASH_LOOP} times at epoch {self._epoch}; see its log"
            self._hopeless = ("failed", reason)
        self._attempt = trial.store.start_attempt(self._epoch, place)
        self._tracking: TrialTracking | None = None
        if context.tracking is not None:
            self._tracking = TrialTracking(trial, context.tracking, self._attempt, log, point)
        print(f"{context.sweep} {trial.id}: attempt {self._attempt.number} from epoch {self._epoch}", flush=True)

    def step(self) -> dict[str, Any]:
        """Trains one epoch and returns the result to report; 'done' is True in the last one."""
        if self._hopeless is not None:
            return self._end(*self._hopeless)
        if self._epoch >= self._epochs:
            return self._complete()  # killed after its last checkpoint, before it was told
        try:
            metrics = self._work.run_epoch()
        except Infeasible as error:
            return self._end("infeasible", str(error))
        except UserError as error:
            return self._end("failed", str(error))
        except Exception:  # of the machine or of the program: Tune starts the trial again
            traceback.print_exc()
            self.leave()
            raise
        self._must_be_latest()
        return self._report(metrics)

    def save(self, folder: Path) -> None:
        """Writes a checkpoint: the work's own files, the record for MLflow, then what was last reported."""
        self._must_be_latest()
        trial = self.trial
        trial.store.prune(spare=self._origin if self._saved < KEEP else "")
        if self._opened is not None:
            self._opened.save(folder / WORK_FOLDER)
        sha256 = self._tracking.save(folder) if self._tracking is not None else ""
        if self._settled and self._needs_copy:
            trial.lineage.release(trial.store)
            self._needs_copy = False
        Progress(
            epoch=self._epoch,
            seconds=self._seconds,
            last=self._last,
            curve=tuple(self._curve.items()),
            lineage=trial.lineage.count,
            record_sha256=sha256,
            study=trial.context.study,
            code=code_digest(),
        ).write(folder)
        self._settled = True
        self._saved += 1

    def export(self, folder: Path) -> None:
        """Writes the model for inference."""
        self._work.export(folder)

    def close(self, interrupted: bool = False) -> None:
        """Ends a trial that was stopped from outside: judged, or `interrupted` and to go on later.

        One that ended by itself is closed already.
        """
        if not self._ended:
            self._ended = True
            self._stopped("" if interrupted else "pruned")
        if self._opened is not None:
            self._opened.close()

    def leave(self) -> None:
        """Lets go of a trial that goes on in another process; what was printed here is kept."""
        self._ended = True
        if self._tracking is not None:
            self._tracking.leave()

    def _stopped(self, outcome: str) -> None:
        if self.trial.store.superseded(self._attempt):
            if self._tracking is not None:
                self._tracking.drop()
            return
        self.trial.store.end_attempt(self._attempt, self.trial.place)
        if self._tracking is not None:
            try:
                self._tracking.end(outcome, f"stopped at epoch {self._epoch} of {self._epochs}", {}, {})
            except OSError as error:  # its last checkpoint holds the record too
                print(f"{self.trial.id}: neither MLflow nor the storage took the trial's end: {error}", flush=True)

    def _report(self, metrics: dict[str, float]) -> dict[str, Any]:
        trial = self.trial
        if self._tracking is not None:
            changing = trial.lineage.metrics(trial.values)
            self._tracking.epoch(self._epoch, {**metrics, **changing, result_keys.DEVICE_SECONDS: self._seconds})
        self._last = {result_keys.EPOCH: self._epoch}
        if trial.context.metric in metrics:
            value = float(metrics[trial.context.metric])
            self._last[result_keys.OBJECTIVE] = self._curve[self._epoch] = value
        return self._complete() if self._epoch >= self._epochs else self._result()

    def _complete(self) -> dict[str, Any]:
        """The end of a trial that trained all its epochs: its costs, its model and pictures."""
        self._must_be_latest()
        try:
            costs = self._last.get(result_keys.COSTS) or self._work.costs()
        except Infeasible as error:
            return self._end("infeasible", str(error))
        self._last[result_keys.COSTS] = costs
        marks = self._keep_model(self._tracking) if self._tracking is not None else {}
        return self._end("complete", "", {f"costs/{name}": value for name, value in costs.items()}, marks)

    def _end(
        self, outcome: str, reason: str, metrics: dict[str, float] | None = None, marks: dict[str, str] | None = None
    ) -> dict[str, Any]:
        self._must_be_latest()
        self._ended, reason, flags = True, masked(reason), FLAGS.get(outcome, {})
        if self._tracking is not None:
            self._tracking.end(outcome, reason, metrics or {}, marks or {})
        if flags:
            self._last.pop(result_keys.OBJECTIVE, None)
        return {**self._result(), **flags, result_keys.REASON: reason, "done": True}

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

    def _keep_model(self, tracking: TrialTracking) -> dict[str, str]:
        """Hands model, scores and gallery to the tracking, and returns the tags that go with them."""
        folder, marks = tracking.folder(MODEL_ARTIFACT), {}
        if self._work.export(folder):
            metrics = {self.trial.context.metric: self._last.get(result_keys.OBJECTIVE, float("nan"))}
            marks = model_tags(folder, self._epoch, metrics)
            tracking.keep(MODEL_ARTIFACT)
        try:
            for artifact, write in ((SCORES_ARTIFACT, self._work.scores), (GALLERY_ARTIFACT, self._work.gallery)):
                if write(tracking.folder(artifact)):
                    tracking.keep(artifact)
        except Infeasible as error:
            print(f"{self.trial.id}: no gallery, {error}", flush=True)
        return marks

    @property
    def _work(self) -> Work:
        assert self._opened is not None, "a trial without work has ended"
        return self._opened

    @property
    def _epoch(self) -> int:
        return self._opened.epoch if self._opened is not None else 0

    @property
    def _epochs(self) -> int:
        return self.trial.config.training.epochs

    @property
    def _seconds(self) -> float:
        """The trial's device-seconds along the history that it continues, this attempt's opening included."""
        return self._seconds_before + time.monotonic() - self._began

    def _must_be_latest(self) -> None:
        if self.trial.store.superseded(self._attempt):
            raise Superseded(f"{self.trial.id} was started again elsewhere")
