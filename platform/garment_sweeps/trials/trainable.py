"""The trainable that Tune runs.

A class and not a function: Tune calls `cleanup` when it stops a trial, so the trial's process, the only writer of its
MLflow run, can close it; and its actor is used again, so that eight short trials import torch once and not eight times.
"""

import os
from pathlib import Path
from typing import Any, ClassVar

from ray.tune import Trainable
from ray.tune.result import SHOULD_CHECKPOINT

from garment_sweeps.ray.nodes import ray_place
from garment_sweeps.settings.masking import masked
from garment_sweeps.trials.context import TrialContext
from garment_sweeps.trials.job import TrialJob
from garment_sweeps.trials.work import OpenWork, open_training
from garment_uv.errors import UserError

EMPTY_FILE = "nothing-to-save"


class NodeLeaves(Exception):
    """The node is about to be taken away: the trial, saved, goes on elsewhere."""


class GarmentTrial(Trainable):
    """One trial of a sweep. Its config is {'context': TrialContext, 'trial': {'id', 'number'}, 'values': {...}}."""

    open_work: ClassVar[Any] = staticmethod(open_training)
    """Opens what a trial does."""

    def setup(self, config: dict[str, Any]) -> None:
        """Takes the config; work begins with the first step, once Tune has restored a checkpoint if it has one."""
        self._job: TrialJob | None = None
        self._context = TrialContext.from_plain(config["context"])
        self._trial, self._values = config["trial"], config["values"]
        self._place, self._leaves = ray_place(), False
        os.environ["GARMENT_HOME"] = self._context.home

    def step(self) -> dict[str, Any]:
        """Trains one epoch. On a node that is about to be taken away it is saved, and the next call leaves the node."""
        if self._leaves:
            self._open_job().leave()
            raise NodeLeaves(f"{self._trial['id']} leaves node {self._place.ip}, which is about to be taken away")
        try:
            result = self._open_job().step()
            self._leaves = not result.get("done") and self._place.leaving()
            return {**result, SHOULD_CHECKPOINT: True} if self._leaves else result
        except UserError as error:  # before any epoch: dataset, tracking or config
            return {"epoch": 0, "failed": True, "reason": masked(str(error)), "done": True}

    def save_checkpoint(self, checkpoint_dir: str) -> str:  # type: ignore[override]
        """Writes a checkpoint into Tune's folder."""
        if self._job is None:
            (Path(checkpoint_dir) / EMPTY_FILE).touch()
        else:
            self._job.save(Path(checkpoint_dir))
        return checkpoint_dir

    def load_checkpoint(self, checkpoint_dir: str) -> None:  # type: ignore[override]
        """Goes on from Tune's copy of a checkpoint."""
        self._open_job(Path(checkpoint_dir))

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Ends the trial before and takes the next one into the same process."""
        self.cleanup()
        self.setup(new_config)
        return True

    def cleanup(self) -> None:
        """Closes the trial's run."""
        if self._job is not None:
            self._job.close()
            self._job = None

    def _open_job(self, checkpoint: Path | None = None) -> TrialJob:
        if self._job is None:
            self._job = TrialJob(self._context, self._trial, self._values, checkpoint, self._place, self.open_work)
        return self._job


def trainable_of(open_work: OpenWork | None) -> type[GarmentTrial]:
    """The trainable whose trials do what `open_work` opens; None for training."""
    if open_work is None:
        return GarmentTrial
    return type(GarmentTrial.__name__, (GarmentTrial,), {"open_work": staticmethod(open_work)})
