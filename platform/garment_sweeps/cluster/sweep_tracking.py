"""What the driver writes to MLflow: the parent run, the baselines, and the end."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import optuna
from optuna.trial import TrialState

from garment_sweeps.search.study import started, trial_name
from garment_sweeps.spaces import Experiment
from garment_sweeps.tracking import SweepRun, tracking_uri
from garment_sweeps.trials.context import TrackingConfig
from garment_uv.config.trial import TrialConfig

if TYPE_CHECKING:
    from garment_sweeps.cluster.report import SweepReport


@dataclass(frozen=True)
class SweepTracking:
    """The sweep's parent run, open."""

    run: SweepRun
    config: TrackingConfig

    @classmethod
    def start(cls, experiment: Experiment, name: str) -> "SweepTracking":
        """Opens the parent run."""
        description = {
            "description": experiment.description,
            "experiment_digest": experiment.digest(),
            "space": experiment.space.plain()["parameters"],
            "trials": experiment.trials,
            "epochs": experiment.epochs,
            "sampler": experiment.sampler,
            "scheduler": experiment.scheduler.plain() if experiment.scheduler else None,
            "seed": experiment.seed,
            "resources": experiment.resources.plain(),
            "metric": experiment.metric,
        }
        run = SweepRun.start(experiment.name, name, description)
        config = TrackingConfig(uri=tracking_uri(), experiment_id=run.experiment_id, parent_run_id=run.run_id)
        return cls(run, config)

    def log_baselines(self, config: TrialConfig) -> None:
        """Measures and logs the baselines of the config's dataset, unless an earlier session did."""
        from garment_sweeps.tracking.sweep_run import BASELINES_FILE

        if any(item.path == BASELINES_FILE for item in self.run.client.list_artifacts(self.run.run_id)):
            return
        from garment_sweeps.cluster.baselines import measure_on_cluster

        self.run.log_baselines(measure_on_cluster(config))

    def finish(self, report: "SweepReport", study: optuna.Study) -> None:
        """Marks interrupted trials as such and ends the parent run."""
        self._mark_interrupted(study)
        numbers = {
            "trials_complete": report.complete,
            "trials_pruned": report.pruned,
            "trials_failed": report.failed,
            "trials_interrupted": report.interrupted,
            "gpu_hours": report.gpu_hours,
        }
        if report.best_mm is not None:
            numbers["best_s2s_mm"] = report.best_mm
        words = {"best_trial": report.best_trial, "stopped_because": report.stopped_because}
        self.run.finish("complete", {**numbers, **{k: v for k, v in words.items() if v}})

    def _mark_interrupted(self, study: optuna.Study) -> None:
        from garment_sweeps.tracking import tags
        from garment_sweeps.tracking.trial_run import find_trial

        for frozen in started(study):
            if frozen.state != TrialState.RUNNING:
                continue
            found = find_trial(self.run.client, self.run.experiment_id, self.run.run_id, trial_name(frozen.number))
            if found is not None:
                if tags.OUTCOME in found.data.tags:
                    self.run.client.delete_tag(found.info.run_id, tags.OUTCOME)
                self.run.client.set_tag(found.info.run_id, tags.REASON, "interrupted; --resume goes on with it")
                self.run.client.set_terminated(found.info.run_id, "KILLED")
