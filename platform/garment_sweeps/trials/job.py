"""One trial from start or checkpoint to its end: work, checkpoints, tracking and limits, without Tune."""

import json
import tempfile
import time
from pathlib import Path
from typing import Any

from garment_sweeps.tracking import TrialRun
from garment_sweeps.tracking.model_artifact import GALLERY_ARTIFACT
from garment_sweeps.trials import results
from garment_sweeps.trials.attempts import CRASH_LOOP, Place
from garment_sweeps.trials.checkpoints import TrialStore
from garment_sweeps.trials.context import TrialContext
from garment_sweeps.trials.work import Work, open_work
from garment_uv.errors import Infeasible, UserError

PROGRESS_FILE = "trial.json"
"""Beside the work's own folder in a checkpoint: the last result and the seconds spent."""
WORK_FOLDER = "work"


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
    """

    def __init__(
        self,
        context: TrialContext,
        trial: dict[str, Any],
        values: dict[str, Any],
        checkpoint: Path | None = None,
        place: Place | None = None,
    ) -> None:
        self._context = context
        self._trial_id = trial["id"]
        self._config = context.base.with_values(values)
        self._store = TrialStore.open(context.storage, context.sweep, trial["id"], context.session)
        self._last: dict[str, Any] = {}
        self._seconds = 0.0
        self._ended = False
        self._run: TrialRun | None = None
        self._work: Work = open_work(context, self._config)
        if checkpoint is None or not self._load(checkpoint):
            self._load_newest()
        self._place = place or Place()
        self._crashed = self._store.crash_loop(self._work.epoch, self._place.gone)
        self._attempt = self._store.start_attempt(self._work.epoch, self._place)
        self._run = self._open_run(trial, values)
        if self._run is not None:
            print(f"{context.sweep} {self._trial_id}: MLflow run {self._run.run_id}", flush=True)

    def step(self) -> dict[str, Any]:
        """Trains one epoch and returns the result to report; 'done' is True in the last one."""
        if self._crashed:
            reason = f"the trial's process died {CRASH_LOOP} times at epoch {self._work.epoch}; see its log"
            return self._end("failed", reason)
        if self._work.epoch >= self._config.training.epochs:
            return self._end("complete")  # killed after its last checkpoint, before it was told
        began = time.monotonic()
        try:
            metrics = self._work.run_epoch()
        except Infeasible as error:
            self._seconds += time.monotonic() - began
            return self._end("infeasible", str(error))
        except UserError as error:
            return self._end("failed", str(error))
        self._seconds += time.monotonic() - began
        self._must_be_latest()
        return self._report(metrics)

    def save(self, folder: Path) -> None:
        """Writes a checkpoint; the work's own files, then what was last reported."""
        self._must_be_latest()
        self._store.prune()
        self._work.save(folder / WORK_FOLDER)
        progress = {"last": self._last, "seconds": self._seconds}
        (folder / PROGRESS_FILE).write_text(json.dumps(progress))

    def export(self, folder: Path) -> None:
        """Writes the model for inference."""
        self._work.export(folder)

    def close(self) -> None:
        """Ends a trial that was stopped from outside; one that ended by itself is closed already."""
        if not self._ended and not self._store.superseded(self._attempt):
            self._store.end_attempt(self._attempt, self._place)
            if self._run is not None:
                epoch, epochs = self._work.epoch, self._config.training.epochs
                self._run.finish("pruned", f"stopped at epoch {epoch} of {epochs}")
        self._ended = True
        self._work.close()

    def _report(self, metrics: dict[str, float]) -> dict[str, Any]:
        epoch = self._work.epoch
        if self._run is not None:
            shown = {**metrics, "epoch": float(epoch), results.DEVICE_SECONDS: self._seconds}
            self._run.log_epoch(shown, epoch)
        self._last = {results.EPOCH: epoch}
        if self._context.metric in metrics:
            self._last[results.OBJECTIVE] = float(metrics[self._context.metric])
        if epoch >= self._config.training.epochs:
            return self._end("complete")
        return self._result()

    def _end(self, status: str, reason: str = "") -> dict[str, Any]:
        self._must_be_latest()
        self._ended = True
        if self._run is not None:
            if status == "complete":
                self._keep_model()
                self._must_be_latest()  # a gallery takes its time
            self._run.finish(status, reason)
        flags = {"infeasible": {results.INFEASIBLE: True}, "failed": {results.FAILED: True}}.get(status, {})
        if flags:
            self._last.pop(results.OBJECTIVE, None)
        return {**self._result(), **flags, results.REASON: reason, "done": True}

    def _result(self) -> dict[str, Any]:
        run = {} if self._run is None else {results.RUN_ID: self._run.run_id}
        return {results.EPOCH: self._work.epoch, **self._last, results.DEVICE_SECONDS: self._seconds, **run}

    def _keep_model(self) -> None:
        with tempfile.TemporaryDirectory(prefix="garment-model-") as folder:
            model, gallery = Path(folder) / "model", Path(folder) / "gallery"
            if self._work.export(model):
                metrics = {self._context.metric: self._last.get(results.OBJECTIVE, float("nan"))}
                self._run.log_checkpoint(model, self._work.epoch, metrics)
            if self._work.gallery(gallery):
                self._run.log_artifacts_folder(gallery, GALLERY_ARTIFACT)

    def _open_run(self, trial: dict[str, Any], values: dict[str, Any]) -> TrialRun | None:
        tracking = self._context.tracking
        if tracking is None:
            return None
        searched = {f"searched/{path}": value for path, value in values.items()}
        extra = {**self._work.parameters, **searched, "trial_number": trial["number"]}
        return TrialRun.open(
            tracking.uri,
            tracking.experiment_id,
            tracking.parent_run_id,
            self._trial_id,
            self._config,
            extra,
            self._attempt.number,
        )

    def _must_be_latest(self) -> None:
        if self._store.superseded(self._attempt):
            raise Superseded(f"{self._trial_id} was started again elsewhere")

    def _load_newest(self) -> None:
        for path in self._store.checkpoints():
            with self._store.fetched(path) as folder:
                if self._load(folder):
                    return

    def _load(self, folder: Path) -> bool:
        try:
            progress = json.loads((folder / PROGRESS_FILE).read_text())
            self._work.load(folder / WORK_FOLDER)
        except (UserError, OSError, ValueError) as error:
            print(f"{self._trial_id}: left out a checkpoint that is not whole: {error}", flush=True)
            return False
        self._last, self._seconds = progress["last"], float(progress["seconds"])
        return True
