"""A scheduler's rule over stand-ins: what happened goes in, what is decided comes out; Tune is not there.

The live scheduler and the replay both decide through a `Judge`, which is why they decide the same.
"""

import hashlib
import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from ray.tune.experiment import Trial
from ray.tune.schedulers import TrialScheduler

from garment_sweeps.experiment import Experiment
from garment_sweeps.search.schedulers.rules import make_rule
from garment_sweeps.search.schedulers.views import ControllerView, TrialView

Event = dict[str, Any]
EXPLOIT = "EXPLOIT"
"""Decision of population based training: the trial goes on from another's weights with other values."""
DONE, REMOVED, ERROR = "done", "removed", "error"
"""How a trial left: by itself, before it ran or while it waited, or because Tune gave it up."""
ABSENT = "absent"
"""How a trial left that nobody goes on with as far as is known; it may come back."""


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
    exploits: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Trials that go on from another's weights, each with what becomes an entry of its schedule."""


class Judge:
    """Decides over the trials of a sweep, and can be told again what happened in the order in which it did."""

    def __init__(self, experiment: Experiment) -> None:
        self._rule: Any = make_rule(experiment)  # given stand-ins where Ray's types say Trial
        self._seed = experiment.seed
        self._expected: list[TrialView] = []
        self.trials: dict[str, TrialView] = {}
        """By name, in the order in which they came."""
        self._controller = ControllerView(self._rule)

    def expect(self, trials: int) -> Verdict | None:
        """So many trials are expected in all, never fewer than there are; None where that is no news for the rule."""
        coming = max(0, trials - len(self.trials))
        if not self._rule.expects_trials or len(self._expected) == coming:
            return None
        while len(self._expected) < coming:
            view = TrialView()
            self._ask(self._rule.on_trial_add, view)
            self._expected.append(view)
            self._controller.add(view)
        while len(self._expected) > coming:
            view = self._expected.pop()
            self._ask(self._rule.on_trial_remove, view)
            view.status = Trial.TERMINATED
        return self._verdict()

    def add(self, name: str, values: dict[str, Any]) -> None:
        """A trial is there to be started: for the first time, or again after a crash or in a later session."""
        view = self.trials.get(name)
        if view is None:
            known = bool(self._expected)
            view = self._expected.pop(0) if known else TrialView()
            view.name, view.status, view.config = name, Trial.PENDING, {"values": dict(values)}
            self.trials[name] = view
            if not known:
                self._controller.add(view)
                self._ask(self._rule.on_trial_add, view)
        elif view.left == ABSENT:
            view.status, view.left = Trial.PENDING, ""
            self._controller.add(view)
            self._ask(self._rule.on_trial_add, view)
        elif view.status == Trial.RUNNING:
            view.status = Trial.PENDING

    def result(self, name: str, epoch: int, value: float | None, running: Iterable[str] = ()) -> Verdict:
        """A trial has done an epoch that is not on record yet.

        Args:
            value: S2S in mm; None where it was not measured, and there is nothing to decide.
            running: trials that were pending and run now, as far as is known.
        """
        for other in running:
            if other in self.trials and self.trials[other].status == Trial.PENDING:
                self.trials[other].status = Trial.RUNNING
        view = self.trials[name]
        view.status, view.epoch = Trial.RUNNING, epoch
        if value is None:
            return Verdict()
        result = view.tell(epoch, value)
        inputs = self._rule.inputs(view, result)
        decision = self._ask(lambda *given: self._rule.on_trial_result(*given, result), view)
        if decision == TrialScheduler.STOP:
            self._ask(self._rule.on_trial_remove, view)
            view.status = Trial.TERMINATED
        elif decision != TrialScheduler.CONTINUE:
            view.status = Trial.PAUSED
        return self._verdict(view, decision, inputs)

    def settle(self, name: str, entry: dict[str, Any]) -> None:
        """A trial goes on from another's weights: the whole entry of its schedule (see `Hooks.on_exploit`)."""
        view = self.trials[name]
        view.status, view.epoch = Trial.PAUSED, entry["source_epoch"]
        view.config = {"values": dict(entry["values"])}
        view.schedule.append(entry)

    def wake(self, name: str) -> None:
        """A trial that waited is started."""
        view = self.trials[name]
        if view.status == Trial.PAUSED:
            view.status = Trial.PENDING

    def leave(self, name: str, how: str, epoch: int = 0, value: float | None = None) -> Verdict:
        """A trial ended otherwise than by the rule: done, removed, error or absent (see `TrialView.left`)."""
        view = self.trials[name]
        if view.is_finished():
            return Verdict()
        if how == DONE and value is not None and epoch > view.epoch:
            result = view.tell(epoch, value)
            self._ask(lambda *given: self._rule.on_trial_complete(*given, result), view)
        elif how == ERROR:
            self._ask(self._rule.on_trial_error, view)
        else:  # it brings no value, or none that is not on record: nothing may count twice
            self._ask(self._rule.on_trial_remove, view)
        view.epoch = max(view.epoch, epoch)
        view.status, view.left = Trial.ERROR if how == ERROR else Trial.TERMINATED, how
        return self._verdict()

    def choose(self, startable: set[str]) -> TrialView | None:
        """Which of these trials is to be started next."""
        with self._controller.only(startable):
            return self._rule.choose_trial_to_run(self._controller)

    def feed(self, event: Event) -> Verdict | None:
        """Takes an event of the log; what follows from it now, for those from which something does."""
        name, verdict = event.get("trial", ""), None
        match event["kind"]:
            case "add":
                self.add(name, event["values"])
            case "expect":
                verdict = self.expect(event["trials"])
            case "wake" if name in self.trials:
                self.wake(name)
            case "leave" if name in self.trials:
                verdict = self.leave(name, event["how"], event["epoch"], event["value"])
            case "result" if name in self.trials:
                verdict = self.result(name, event["epoch"], event["value"], event.get("running", ()))
        if verdict is not None:
            for changed, entry in event.get("exploits", {}).items():
                self.settle(changed, entry)
        return verdict

    def differences(self, event: Event) -> dict[str, tuple[Any, Any]]:
        """Takes the next event of the log, as `feed` does, and returns what of it comes out otherwise.

        That is the `decision` of a result, and where a trial goes on from another's weights, from whose and with which
        values; each as (logged, repeated). An empty answer is agreement.
        """
        verdict = self.feed(event)
        if verdict is None:
            return {}
        logged, repeated = event.get("exploits", {}), verdict.exploits
        pairs: dict[str, tuple[Any, Any]] = {}
        if event["kind"] == "result":
            pairs["decision"] = (event["decision"], verdict.decision)
        for name in sorted(logged.keys() | repeated.keys()):
            pairs[f"exploit of {name}"] = (_copied(logged.get(name)), _copied(repeated.get(name)))
        return {what: pair for what, pair in pairs.items() if pair[0] != pair[1]}

    def _ask(self, question: Callable[..., Any], view: TrialView) -> Any:
        occasion = self._rule.occasion()
        with nullcontext() if occasion is None else seeded(self._seed, *occasion):
            return question(self._controller, view)

    def _verdict(self, view: TrialView | None = None, decision: str = "", inputs: dict | None = None) -> Verdict:
        controller, inputs = self._controller, inputs or {}
        verdict = Verdict(decision or TrialScheduler.CONTINUE, inputs, controller.stopped)
        for changed, source in controller.exploited:
            entry = {"epoch": changed.epoch, "from": source.name, "source_epoch": source.epoch}
            verdict.exploits[changed.name] = {**entry, "values": changed.values}
            changed.run_metadata.checkpoint_manager._latest_checkpoint_result = None
        controller.stopped, controller.exploited = [], []
        verdict.promoted = self._rule.promoted(view, decision, inputs)
        if view is not None and view.name in verdict.exploits:
            verdict.decision = EXPLOIT
        return verdict


def _copied(entry: dict[str, Any] | None) -> tuple[str, dict[str, Any]] | None:
    return (entry["from"], entry["values"]) if entry else None


@contextmanager
def seeded(*what: Any) -> Iterator[None]:
    """Inside, the global random numbers of Python and NumPy follow from `what` alone; after it they are as before.

    Ray's schedulers draw from them. A decision that is repeated, in a replay or after a crash, draws the same.
    """
    digest = hashlib.sha256("/".join(map(str, what)).encode()).digest()
    seed = int.from_bytes(digest[:4], "big")
    python, numpy = random.getstate(), np.random.get_state()
    random.seed(seed)
    np.random.seed(seed)
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
