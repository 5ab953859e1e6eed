"""The scheduler of an experiment."""

from ray.tune.schedulers import TrialScheduler

from garment_sweeps.experiment import AshaConfig, Experiment, HyperBandConfig, MedianConfig, PbtConfig
from garment_sweeps.search.schedulers.asha import Asha
from garment_sweeps.search.schedulers.bound import BoundTrials
from garment_sweeps.search.schedulers.fifo import Fifo
from garment_sweeps.search.schedulers.hooks import Hooks
from garment_sweeps.search.schedulers.hyperband import HyperBand
from garment_sweeps.search.schedulers.judge import Judge
from garment_sweeps.search.schedulers.median import Median
from garment_sweeps.search.schedulers.population import Population
from garment_sweeps.search.schedulers.recorded import Log, RecordedScheduler


def make_rule(experiment: Experiment) -> TrialScheduler:
    """Ray's scheduler, fresh, as the experiment describes it."""
    match experiment.scheduler:
        case AshaConfig() as asha:
            return Asha(asha, experiment.epochs)
        case HyperBandConfig() as hyperband:
            return HyperBand(hyperband, experiment.epochs)
        case MedianConfig() as median:
            return Median(median)
        case PbtConfig() as pbt:
            return Population(pbt, experiment.space)
        case None:
            return Fifo()


def make_judge(experiment: Experiment) -> Judge:
    """Decides as the experiment's scheduler does, without Tune."""
    return Judge(make_rule(experiment), experiment.seed)


def make_scheduler(
    experiment: Experiment, log: Log, trials: int | None = None, hooks: Hooks | None = None
) -> RecordedScheduler:
    """The experiment's scheduler for Tune, which goes on where the log ends.

    Args:
        experiment: its scheduler, or None to let every trial train all its epochs.
        log: hears of every decision, and is read first.
        trials: of the sweep in all; the experiment's number by default.
        hooks: to the rest of the sweep.
    """
    changes = experiment.scheduler.paths if isinstance(experiment.scheduler, PbtConfig) else ()
    return RecordedScheduler(
        make_judge(experiment),
        BoundTrials(changes, experiment.checkpoint_every),
        log,
        trials or experiment.trials,
        hooks or Hooks(),
    )
