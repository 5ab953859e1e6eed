"""Tune's controller, mended: a process that dies between two trials costs neither of them."""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager

from ray.tune.execution.tune_controller import TuneController
from ray.tune.experiment import Trial


class SturdyController(TuneController):
    """Starts a trial again that loses its process while it takes over a used one.

    Ray 2.60 hears of such a death twice, from the actor and from its call of `reset`. The first time it puts the trial
    back into the queue; the second time it finds a trial that waits, and gives it up for good whatever `max_failures`
    says. It also goes on to believe that the trial is still being reset, and would never start it again.
    """

    def _process_trial_failure(self, trial: Trial, exception: Exception) -> None:
        self._resetting_trials.discard(trial)
        waits = trial.status == Trial.PENDING and trial not in self._trial_to_actor
        if waits and trial.should_recover():
            return  # it waits already to be started again
        super()._process_trial_failure(trial, exception)


@contextmanager
def sturdy_controller() -> Iterator[None]:
    """Has `Tuner.fit` use the mended controller while inside.

    It also leaves out Ray's count of callbacks, for which it would import all of MLflow into the driver: 2 s and 100
    MiB for a telemetry that is off.
    """
    tune = importlib.import_module("ray.tune.tune")
    usage = importlib.import_module("ray.air._internal.usage")
    count = usage.tag_callbacks
    tune.TuneController, usage.tag_callbacks = SturdyController, lambda callbacks: False
    try:
        yield
    finally:
        tune.TuneController, usage.tag_callbacks = TuneController, count
