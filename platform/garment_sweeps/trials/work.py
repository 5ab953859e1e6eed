"""What a trial does, epoch by epoch, without Tune, storage or tracking."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from garment_sweeps.ray.nodes import Place
from garment_sweeps.trials.context import TrialContext
from garment_uv.training.trial import TrialConfig


class Work(Protocol):
    """One training that can be stopped after any epoch, saved, and gone on with elsewhere."""

    @property
    def epoch(self) -> int:
        """Epochs done."""

    parameters: dict[str, str]
    """What else is worth tracking: dataset version and the like."""

    def run_epoch(self) -> dict[str, float]:
        """Trains one epoch and returns its metrics; raises garment_uv.errors.Infeasible."""

    def save(self, folder: Path) -> None:
        """Writes everything that resuming needs."""

    def load(self, folder: Path, changed: tuple[str, ...] = ()) -> None:
        """Goes on from what `save` wrote; raises UserError where it is damaged.

        Config paths in `changed` may have had other values when it was written.
        """

    def export(self, folder: Path) -> bool:
        """Writes the model for inference; False where there is none."""

    def gallery(self, folder: Path) -> bool:
        """Writes meshes and pictures of a few samples; False where there are none."""

    def scores(self, folder: Path) -> bool:
        """Writes the S2S of every garment of the last evaluation; False where there are none."""

    def costs(self) -> dict[str, float]:
        """What the trained model costs: 'seconds_per_image', 'memory_mib' (peak, MiB) and 'parameters'.

        The time is the generator's own (see `costs.own_seconds`), on one thread or on the GPU, and not that of waiting.
        Of several processes that train together 'memory_mib' is that of the one that took the most.
        """

    def close(self) -> None:
        """Lets go of processes and memory."""


OpenWork = Callable[[TrialContext, TrialConfig, Place], Work]
"""Opens what a trial of that config does, on that node; Infeasible where there is no memory for it."""


def open_training(context: TrialContext, config: TrialConfig, place: Place) -> Work:
    """Real training. Several processes, where the config asks for them, are Ray's on a node of a cluster and else
    started on this machine.
    """
    if config.training.processes == 1:
        from garment_sweeps.trials.training import TrainingWork

        return TrainingWork(context, config)
    from garment_sweeps.trials.team import ParallelWork

    if place.node:
        from garment_sweeps.trials.ray_team import RayTeam

        return ParallelWork(RayTeam(context, config))
    from garment_sweeps.trials.local_team import LocalTeam

    return ParallelWork(LocalTeam(context, config))
