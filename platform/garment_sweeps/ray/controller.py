"""The one call of Ray Tune, whose controller is mended here.

It fills all places at once, and a process that dies between two trials costs neither.
"""

import importlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from ray import tune
from ray.tune.execution.tune_controller import TuneController
from ray.tune.experiment import Trial

from garment_sweeps.experiment import Experiment
from garment_sweeps.ray.nodes import places, trial_placement

LOOK_S = 1.0
"""Between two looks at how many trials the cluster holds, seconds."""


def fit(experiment: Experiment, trainable: type[tune.Trainable], space: dict[str, Any], **options: Any) -> None:
    """Trials of that experiment, each with its share of a node, until the searcher has nothing more to suggest.

    `space` is what every trial is told beside the searcher's suggestion, and `options` are those of `tune.Tuner`.
    """
    tuner = tune.Tuner(tune.with_resources(trainable, trial_placement(experiment)), param_space=space, **options)
    with sturdy_controller(lambda: places(experiment)):
        tuner.fit()


class SturdyController(TuneController):
    """Two faults of Ray 2.60 less.

    A trial that loses its process while it takes over a used one is started again. Ray hears of such a death twice,
    from the actor and from its call of `reset`. The first time it puts the trial back into the queue; the second time
    it finds a trial that waits, and gives it up for good whatever `max_failures` says. It also goes on to believe that
    the trial is still being reset, and would never start it again.

    Free places are filled at once. With a searcher Ray asks for one trial at a time and waits until that one's process
    has started. It also gives a trial whose process is starting that of one that has just ended, and throws the new
    process away. Where trials are shorter than a start, two places of eight are ever used.
    """

    def __init__(self, places: Callable[[], int], **options: Any) -> None:
        self._places = places
        self._looked_at = float("-inf")
        self._held = 1
        super().__init__(**options)

    def step(self) -> None:
        """One round of Tune's loop. As many trials may wait for their process as there are free places, or one."""
        if time.monotonic() - self._looked_at > LOOK_S:
            self._held, self._looked_at = self._places(), time.monotonic()
        self._max_pending_trials = max(1, self._held - len(self._running_trials))
        super().step()

    def checkpoint(self, force: bool = False, wait: bool = False) -> None:
        """Tune's snapshot of all trials, at the end alone, since Tune asks for one: study and log are the state."""
        if force:
            super().checkpoint(force, wait)

    def __getstate__(self) -> dict[str, Any]:
        """What Tune writes into its snapshot, which is never read again."""
        state = super().__getstate__()
        del state["_places"]
        return state

    def _maybe_reuse_cached_actor(self, trial: Trial) -> bool:
        """A process that is starting stays with its trial; the used one waits for the next."""
        actor = self._trial_to_actor.get(trial)
        starting = actor not in self._started_actors and actor in self._actor_manager.live_actors
        return False if starting else super()._maybe_reuse_cached_actor(trial)

    def _process_trial_failure(self, trial: Trial, exception: Any) -> None:
        self._resetting_trials.discard(trial)
        waits = trial.status == Trial.PENDING and trial not in self._trial_to_actor
        if waits and trial.should_recover():
            return  # it waits already to be started again
        super()._process_trial_failure(trial, exception)


@contextmanager
def sturdy_controller(places: Callable[[], int]) -> Iterator[None]:
    """Has `Tuner.fit` use the mended controller while inside; `places` says how many trials the cluster holds.

    It also leaves out Ray's count of callbacks, for which it would import all of MLflow into the driver: 2 s and 100
    MiB for a telemetry that is off.
    """
    running: Any = importlib.import_module("ray.tune.tune")
    usage: Any = importlib.import_module("ray.air._internal.usage")
    count = usage.tag_callbacks
    running.TuneController, usage.tag_callbacks = partial(SturdyController, places), lambda callbacks: False
    try:
        yield
    finally:
        running.TuneController, usage.tag_callbacks = TuneController, count
