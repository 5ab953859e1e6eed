"""A scheduler's rule over stand-ins: what happened goes in, what is decided comes out; Tune is not there.

The live scheduler and the replay both decide through a `Judge`, which is why they decide the same.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ray.tune.experiment import Trial
from ray.tune.schedulers import TrialScheduler

from garment_sweeps.search.schedulers.chance import seeded
from garment_sweeps.search.schedulers.views import ControllerView, Saved, TrialView
from garment_sweeps.trials import results

Event = dict[str, Any]
EXPLOIT = "EXPLOIT"
"""Decision of population based training: the trial goes on from another's weights with other values."""
ABSENT = "absent"
"""How a trial left that no session will go on with, as far as is known; it may come back."""


@dataclass
class Verdict:
    """What follows from one thing that happened."""

    decision: str = TrialScheduler.CONTINUE
    """CONTINUE, PAUSE, STOP or EXPLOIT, for the trial that it happened to."""
    inputs: dict[str, Any] = field(default_factory=dict)
    """What the decision rested on; empty where there was nothing to decide."""
    stopped: list[TrialView] = field(default_factory=list)
    """Other trials, which waited and are ended now."""
    promoted: list[TrialView] = field(default_factory=list)
    """Trials that passed a rung, this one or others."""
    exploit: dict[str, Any] | None = None
    """For EXPLOIT: `epoch`, `from`, `source_epoch` and `values`."""


class Judge:
    """Decides over the trials of a sweep, and can be told again what happened in the order in which it did.

    Args:
        rule: a fresh scheduler of Ray's from one of the modules beside this one.
        seed: of the experiment.
    """

    def __init__(self, rule: TrialScheduler, seed: int) -> None:
        self._rule = rule
        self._seed = seed
        self._expected: list[TrialView] = []
        self.trials: dict[str, TrialView] = {}
        """By name, in the order in which they came."""
        self._controller = ControllerView(self.trials)
        self._controller.scheduler = rule

    @property
    def expects_trials(self) -> bool:
        """Whether the rule must know how many trials will come."""
        return self._rule.expects_trials

    @property
    def expected(self) -> int:
        """How many trials there are, and are still to come."""
        return len(self.trials) + len(self._expected)

    def expect(self, trials: int) -> Verdict:
        """So many trials are expected in all."""
        while self.expected < trials:
            view = TrialView()
            self._ask(self._rule.on_trial_add, view, "expected", self.expected)
            self._expected.append(view)
        while self._expected and self.expected > trials:
            self._ask(self._rule.on_trial_remove, self._expected.pop(), "unexpected", self.expected)
        return self._verdict()

    def add(self, name: str, values: dict[str, Any]) -> None:
        """A trial is there to be started, for the first time or again after a crash or in a later session."""
        view = self.trials.get(name)
        if view is not None and view.left != ABSENT:
            if view.status == Trial.RUNNING:
                view.status = Trial.PENDING
            return
        if view is None and self._expected:
            view = self._expected.pop(0)
        elif view is None:
            view = TrialView()
        view.name, view.status, view.left = name, Trial.PENDING, ""
        view.config = view.config or {"values": dict(values)}
        known = view in self._controller.known
        self.trials[name] = view
        if not known:
            self._ask(self._rule.on_trial_add, view, name, "add")

    def result(self, name: str, epoch: int, value: float | None, running: Iterable[str] = ()) -> Verdict:
        """A trial has done an epoch, with that value in mm where it was measured.

        Args:
            name: of the trial.
            epoch: not on record yet.
            value: None is no decision but to go on.
            running: trials that were pending and run now, as far as is known.
        """
        self.run(running)
        view = self.trials[name]
        view.status = Trial.RUNNING
        view.epoch = epoch
        if value is None:
            return Verdict()
        view.value, view.value_epoch = value, epoch
        told = {results.EPOCH: epoch, results.OBJECTIVE: value}
        inputs = self._rule.inputs(view, told)
        drawn = (name, len(view.schedule), epoch)
        decision = self._ask(lambda c, v: self._rule.on_trial_result(c, v, told), view, *drawn)
        exploit = self._exploited(view)
        if decision == TrialScheduler.STOP:
            self._ask(self._rule.on_trial_remove, view, *drawn, "stop")
            view.status = Trial.TERMINATED
        elif decision == TrialScheduler.PAUSE:
            view.status = Trial.PAUSED
        elif exploit is not None:
            decision = EXPLOIT
        return self._verdict(view, decision, inputs, exploit)
