"""Tune's controller without Ray: calls a scheduler as Tune does, for many trials whose curves are known.

It is written after `ray.tune.execution.tune_controller` and holds what schedulers can see of it: when which of their
methods is called, and with trials in which status.
"""

import random
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from ray.tune.experiment import Trial
from ray.tune.schedulers import TrialScheduler

EPOCHS = 9


@dataclass(eq=False)
class FakeTrial:
    """Of Tune's trial, what schedulers touch."""

    trial_id: str
    config: dict[str, Any]
    status: str = Trial.PENDING
    epoch: int = 0
    last_result: dict[str, Any] = field(default_factory=dict)
    is_saving: bool = False
    experiment_tag: str = ""
    evaluated_params: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self):
        config = SimpleNamespace(num_to_keep=None)
        manager = SimpleNamespace(checkpoint_config=config, _latest_checkpoint_result=None)
        self.run_metadata = SimpleNamespace(checkpoint_manager=manager, last_result={})
        self.temporary_state = SimpleNamespace(saving_to=None)
        self.checkpoint = SimpleNamespace()
        self.name: str = self.config["trial"]["id"]

    def is_finished(self) -> bool:
        return self.status in (Trial.TERMINATED, Trial.ERROR)

    def set_status(self, status: str) -> None:
        self.status = status

    def set_config(self, config: dict[str, Any]) -> None:
        self.config = config

    def set_experiment_tag(self, tag: str) -> None:
        self.experiment_tag = tag


class MiniTune:
    """The controller, and the search algorithm that it asks."""

    def __init__(
        self,
        scheduler: TrialScheduler,
        session: int = 0,
        context: dict[str, Any] | None = None,
        log: "ListLog | None" = None,
    ) -> None:
        self.scheduler = scheduler
        self.session = session
        self.context = context or {}
        self.log = log
        """Hears of every end, as the searcher writes it."""
        self.trials: dict[str, FakeTrial] = {}
        self.told: list[tuple[str, int]] = []
        """Ends as the searcher hears of them: name and epoch; epoch 0 where it hears of no result."""
        self.over = False
        self.search_alg = self
        self.decisions: list[tuple[str, int, str]] = []

    # What schedulers call.

    def is_finished(self) -> bool:
        return self.over

    def get_trials(self) -> list[FakeTrial]:
        return list(self.trials.values())

    def get_live_trials(self) -> list[FakeTrial]:
        return [trial for trial in self.trials.values() if not trial.is_finished()]

    def stop_trial(self, trial: FakeTrial) -> None:
        if trial.is_finished():
            return
        if trial.status == Trial.RUNNING:
            result = trial.last_result or trial.run_metadata.last_result
            self.scheduler.on_trial_complete(self, trial, dict(result))
            self._tell(trial.name, result.get("epoch", 0))
        else:
            self.scheduler.on_trial_remove(self, trial)
            self._tell(trial.name, 0)
        trial.status = Trial.TERMINATED

    def _tell(self, name: str, epoch: int) -> None:
        self.told.append((name, epoch))
        if self.log is not None:
            self.log.append("end", trial=name, epoch=epoch)

    def pause_trial(self, trial: FakeTrial, should_checkpoint: bool = True) -> None:
        trial.status = Trial.PAUSED

    def _set_trial_status(self, trial: FakeTrial, status: str) -> None:
        trial.status = status

    def _schedule_trial_save(self, trial: FakeTrial, result: dict[str, Any] | None = None) -> SimpleNamespace:
        return SimpleNamespace(name=trial.name, epoch=trial.epoch, resolve=lambda: None)

    # What happens.

    def add(self, name: str, values: dict[str, Any] | None = None, epoch: int = 0) -> FakeTrial:
        """The searcher suggests the trial; it will go on from that epoch."""
        config = {"trial": {"id": name, "number": int(name[1:6])}, "values": values or {}, "context": self.context}
        trial = FakeTrial(f"tune-{self.session}-{name}", config, epoch=epoch)
        self.trials[name] = trial
        self.scheduler.on_trial_add(self, trial)
        return trial

    def start(self, name: str) -> None:
        """Its process is there."""
        self.trials[name].status = Trial.RUNNING

    def choose(self) -> str | None:
        """The scheduler's choice is started."""
        trial = self.scheduler.choose_trial_to_run(self)
        if trial is None:
            return None
        trial.status = Trial.PENDING
        return trial.name

    def report(self, name: str, value: float | None, done: bool = False) -> str:
        """The trial does its next epoch; a trial that is done is not judged, as Tune has it."""
        trial = self.trials[name]
        assert trial.status == Trial.RUNNING, (name, trial.status)
        trial.epoch += 1
        result = {"epoch": trial.epoch, **({} if value is None else {"s2s_mm": value})}
        decision = TrialScheduler.STOP if done else self.scheduler.on_trial_result(self, trial, dict(result))
        trial.last_result = result
        if not done:
            self.decisions.append((name, trial.epoch, decision))
        if decision == TrialScheduler.STOP:
            self.stop_trial(trial)
        elif decision == TrialScheduler.PAUSE:
            self.pause_trial(trial)
        return decision

    def crash(self, name: str, epoch: int) -> None:
        """The trial's process dies, and Tune starts it again from its checkpoint of that epoch."""
        trial = self.trials[name]
        trial.status = Trial.ERROR
        self.scheduler.on_trial_error(self, trial)
        trial.status, trial.epoch = Trial.PENDING, epoch
        self.scheduler.on_trial_add(self, trial)

    def give_up(self, name: str) -> None:
        """Tune gives the trial up."""
        trial = self.trials[name]
        self.scheduler.on_trial_error(self, trial)
        trial.status = Trial.ERROR

    def in_status(self, *statuses: str) -> list[FakeTrial]:
        return [trial for trial in self.trials.values() if trial.status in statuses]


@dataclass
class Sweep:
    """A whole sweep: trials by number, each with its curve in mm, None where an epoch is not measured."""

    curves: dict[str, list[float | None]]
    places: int = 3
    upfront: bool = False
    """All trials are suggested at the beginning, and not one after the other as places fall free."""
    fail_at: dict[str, int] = field(default_factory=dict)
    """Trials that end without a value in that epoch."""
    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    seed: int = 0

    def run(self, tune: MiniTune, coming: list[str] | None = None, most: int = 10**6) -> list[tuple]:
        """Plays until all is over; returns what happened: ('add', name), ('start', name), ('report', name, epoch).

        Or until so many things happened; `coming` are names that were not suggested yet, all by default.
        """
        chance, idle = random.Random(self.seed), 0
        coming = list(self.curves) if coming is None else coming
        happened: list[tuple] = []
        while (coming or tune.get_live_trials()) and len(happened) < most:
            while coming and (self.upfront or len(tune.in_status(Trial.PENDING, Trial.RUNNING)) < self.places):
                happened.append(("add", coming[0]))
                self.play(tune, happened[-1])
                coming.pop(0)
            tune.over = not coming
            while len(tune.in_status(Trial.RUNNING)) < self.places:
                chosen = tune.choose()
                if chosen is None:
                    break
                happened.append(("start", chosen))
                tune.start(chosen)
            running = tune.in_status(Trial.RUNNING)
            idle = 0 if running else idle + 1
            if idle > 20:
                raise Stuck([(trial.name, trial.status, trial.epoch) for trial in tune.get_live_trials()])
            if running:
                trial = chance.choice(running)
                happened.append(("report", trial.name, trial.epoch + 1))
                self.play(tune, happened[-1])
        return happened

    def curve(self, trial: FakeTrial) -> list[float | None]:
        """The trial's curve, with the values that it has now."""
        return self.curves[trial.name]

    def play(self, tune: MiniTune, what: tuple) -> None:
        """One thing that happened, again."""
        match what:
            case ("add", name):
                tune.add(name, self.values.get(name))
                tune.over = name == list(self.curves)[-1]
            case ("start", name):
                while tune.trials[name].status != Trial.RUNNING:
                    chosen = tune.choose()
                    assert chosen is not None, f"{name} is not started"
                    tune.start(chosen)
            case ("report", name, epoch):
                trial = tune.trials[name]
                curve = self.curve(trial)
                if trial.status in (Trial.TERMINATED, Trial.ERROR):
                    raise AssertionError(f"{name} ended at epoch {trial.epoch}")
                while trial.epoch + 1 < epoch:  # since its last checkpoint
                    assert tune.report(name, curve[trial.epoch]) == TrialScheduler.CONTINUE
                failed = self.fail_at.get(name) == epoch
                tune.report(name, None if failed else curve[epoch - 1], done=failed or epoch == len(curve))

    def resume(
        self, before: MiniTune, scheduler: TrialScheduler, back: int, without: frozenset[str] = frozenset()
    ) -> MiniTune:
        """A new session, as after a kill: every trial that has not ended is there again, some epochs behind."""
        tune = MiniTune(scheduler, before.session + 1, before.context)
        tune.told = list(before.told)
        tune.decisions = list(before.decisions)
        ended = {name for name, _ in before.told}
        for trial in before.trials.values():
            if trial.name not in ended | without:
                again = tune.add(trial.name, self.values.get(trial.name), max(0, trial.epoch - back))
                if again.status == Trial.PENDING:
                    tune.start(trial.name)
        tune.over = before.over
        return tune


class Stuck(Exception):
    """Nothing runs, and nothing will."""


def curves(count: int, seed: int, epochs: int = EPOCHS) -> dict[str, list[float]]:
    """Falling curves, no two values equal."""
    chance = random.Random(seed)
    made = {}
    for number in range(count):
        floor, speed = chance.uniform(10, 40), chance.uniform(0.2, 0.9)
        curve = [floor + 40 * speed**epoch + chance.uniform(0, 3) for epoch in range(1, epochs + 1)]
        made[f"t{number:05d}"] = curve
    return made


class ListLog:
    """A log in memory."""

    def __init__(self, events: list[dict[str, Any]] = ()) -> None:
        self.events = list(events)

    def append(self, kind: str, **body: Any) -> None:
        self.events.append({"seq": len(self.events), "kind": kind, **body})

    def read(self) -> list[dict[str, Any]]:
        return list(self.events)
