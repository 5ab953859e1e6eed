"""Stand-ins of Tune's trials and controller: all that a scheduler of Ray's ever sees of a sweep."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from ray.tune.experiment import Trial
from ray.tune.schedulers import TrialScheduler

from garment_sweeps.experiment import result_keys

MEASURED: dict[str, Any] = {"time_attr": result_keys.EPOCH, "metric": result_keys.OBJECTIVE, "mode": "min"}
"""What every scheduler of Ray's is told of results."""
EXPECTED = "EXPECTED"
"""Status of a trial that the searcher has not suggested yet. Ray knows no such status and never starts it."""
WAITING = (Trial.PENDING, Trial.PAUSED)
FINISHED = (Trial.TERMINATED, Trial.ERROR)


@dataclass(eq=False)
class TrialView:
    """A trial as its scheduler sees it; stays the same over sessions, while Tune's own trials come and go.

    Its status is what the scheduler has decided, and not what Tune has made of that so far: a trial is PAUSED from
    the decision on, although it is still being saved then.
    """

    name: str = ""
    """As 't00003'; empty as long as it is only expected."""
    status: str = EXPECTED
    config: dict[str, Any] = field(default_factory=dict)
    """{'values': {path: value}}, changed by population based training."""
    epoch: int = 0
    """Newest epoch on record."""
    value: float | None = None
    """Newest value on record, mm."""
    value_epoch: int = 0
    """Epoch of that value."""
    schedule: list[dict[str, Any]] = field(default_factory=list)
    """What population based training changed (see `Hooks.on_exploit`)."""
    left: str = ""
    """Why it ended, where it did not by a decision of the scheduler: done, removed, error or absent."""

    # What Ray's population based training touches besides.
    experiment_tag: str = ""
    evaluated_params: dict[str, Any] = field(default_factory=dict)
    is_saving: bool = False
    temporary_state: Any = field(default_factory=lambda: SimpleNamespace(saving_to=None))
    run_metadata: Any = field(default_factory=lambda: _run_metadata())

    @property
    def trial_id(self) -> str:
        """What Ray's schedulers know a trial by."""
        return self.name

    @property
    def checkpoint(self) -> "Saved":
        """A trial that waits has one."""
        return Saved(self.name, self.epoch)

    @property
    def values(self) -> dict[str, Any]:
        """Path to value of everything searched, as it is now."""
        return self.config["values"]

    def is_finished(self) -> bool:
        """Whether it will report nothing more."""
        return self.status in FINISHED

    def tell(self, epoch: int, value: float) -> dict[str, Any]:
        """Keeps the value, mm, and gives the result to tell a rule."""
        self.value, self.value_epoch = value, epoch
        return {result_keys.EPOCH: epoch, result_keys.OBJECTIVE: value}

    def set_config(self, config: dict[str, Any]) -> None:
        """Takes other values."""
        self.config = config

    def set_experiment_tag(self, tag: str) -> None:
        """Takes Ray's label."""
        self.experiment_tag = tag

    def __str__(self) -> str:
        return self.name or "(expected)"


class Rule(TrialScheduler):
    """Mixed in before a scheduler of Ray's: what a `Judge` asks of it beside what Tune does."""

    expects_trials = False
    """Whether it must know how many trials will come."""

    def occasion(self) -> tuple[Any, ...] | None:
        """What its random numbers follow from; None where it draws none."""
        return None

    def inputs(self, trial: TrialView, result: dict[str, Any]) -> dict[str, Any]:
        """What its decision about this result will rest on; empty where there is nothing to decide."""
        return {}

    def promoted(self, trial: TrialView | None, decision: str, inputs: dict[str, Any]) -> list[TrialView]:
        """Trials that are let into their next rung by this decision."""
        return []


@dataclass(frozen=True)
class Saved:
    """Stands for a checkpoint that a scheduler asked for."""

    name: str
    epoch: int


class ControllerView:
    """The controller as a scheduler sees it. What is done to stand-ins here is done to Tune's trials later."""

    search_alg = None  # population based training refuses to run beside a search algorithm; its values come first here

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self._live: list[TrialView] = []
        self.stopped: list[TrialView] = []
        """Trials that the scheduler ended while they waited, since this was last emptied."""
        self.exploited: list[tuple[TrialView, TrialView]] = []
        """Trials that go on from another's weights, and that other, since this was last emptied."""

    def add(self, trial: TrialView) -> None:
        """A trial has come, or is expected."""
        self._live.append(trial)

    def get_trials(self) -> list[TrialView]:
        """All trials that have not ended, in the order in which they came; expected ones too."""
        self._live = [trial for trial in self._live if not trial.is_finished()]
        return list(self._live)

    get_live_trials = get_trials

    def stop_trial(self, trial: TrialView) -> None:
        """Ends a trial that waits, telling the scheduler as Tune does."""
        if not trial.is_finished():
            self._rule.on_trial_remove(self, trial)  # type: ignore[arg-type]
            trial.status = Trial.TERMINATED
            self.stopped.append(trial)

    def pause_trial(self, trial: TrialView, should_checkpoint: bool = True) -> None:
        """Lets a trial wait."""
        trial.status = Trial.PAUSED

    @contextmanager
    def only(self, startable: set[str]) -> Iterator[None]:
        """Inside, no other trials than these look as if they could be started."""
        hidden = [t for t in self.get_trials() if t.status in WAITING and t.name not in startable]
        with ExitStack() as restored:
            for trial in hidden:
                restored.callback(setattr, trial, "status", trial.status)
                trial.status = EXPECTED
            yield

    def _schedule_trial_save(self, trial: TrialView, result: dict[str, Any] | None = None) -> Saved:
        return Saved(trial.name, trial.epoch)


def _run_metadata() -> SimpleNamespace:
    config = SimpleNamespace(num_to_keep=None)
    manager = SimpleNamespace(checkpoint_config=config, _latest_checkpoint_result=None)
    return SimpleNamespace(checkpoint_manager=manager)
