"""How long an epoch took in earlier sweeps of the same experiment, from MLflow."""

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from garment_sweeps.experiment import Experiment, result_keys
from garment_sweeps.tracking import tags
from garment_sweeps.tracking.record import as_param
from garment_uv.training.trial import TrialConfig

if TYPE_CHECKING:
    from garment_sweeps.tracking.types import MlflowClient

NEWEST = 1000
"""Runs that are looked at, the newest first."""
NO_MATTER = ("seed", "loss.", *(f"training.{n}" for n in ("epochs", "decay_from", "optimiser.", "diverg", "collapse")))
"""Fields, or beginnings of their paths, that do not decide how long an epoch takes."""


@dataclass(frozen=True)
class Earlier:
    """What earlier trials tell."""

    seconds: float
    """Median over trials of the seconds an epoch took."""
    trials: int

    def words(self) -> str:
        """Where the figure comes from."""
        return f"{self.seconds:.3g} s an epoch, median of {self.trials} trials of earlier sweeps"


def earlier_epochs(client: "MlflowClient", experiment: Experiment, base: TrialConfig) -> Earlier | None:
    """From trials of the experiment that are comparable; None where there are none.

    Comparable are those with the same resources whose configs differ in searched fields, loss weights, rates, seed
    and length alone. `base` has the dataset's URI as the trials log it.
    """
    tracked = client.get_experiment_by_name(experiment.name)
    if tracked is None:
        return None
    query = f"metrics.{result_keys.DEVICE_SECONDS} > 0 and metrics.epoch > 0"
    newest = ["attributes.start_time DESC"]
    runs = client.search_runs([tracked.experiment_id], query, order_by=newest, max_results=NEWEST)
    fixed, parents = _deciding(experiment, base), _alike_sweeps(client, tracked.experiment_id, experiment)
    seconds = [
        run.data.metrics[result_keys.DEVICE_SECONDS] / run.data.metrics["epoch"]
        for run in runs
        if run.data.tags.get(tags.PARENT) in parents
        and all(run.data.params.get(path, value) == value for path, value in fixed.items())
    ]
    return Earlier(statistics.median(seconds), len(seconds)) if seconds else None


def _alike_sweeps(client: "MlflowClient", experiment_id: str, experiment: Experiment) -> set[str]:
    """Run ids of sweeps whose trials held the same resources."""
    sweeps = client.search_runs([experiment_id], f"tags.`{tags.ROLE}` = 'sweep'", max_results=NEWEST)
    wanted = as_param(experiment.resources.plain())
    return {run.info.run_id for run in sweeps if run.data.params.get("resources") == wanted}


def _deciding(experiment: Experiment, base: TrialConfig) -> dict[str, str]:
    """Fields that decide how long an epoch takes and are the same in all trials, as MLflow keeps them."""
    searched = {parameter.path for parameter in experiment.space.parameters}
    return {
        path: as_param(value)
        for path, value in base.flat().items()
        if path not in searched and not any(path == name or path.startswith(name) for name in NO_MATTER)
    }
