"""The scheduler that Tune holds: it decides through a `Judge`, writes that down, and does it to Tune's trials.

Tune gives a trial a new id in every session; here it is known by its own name. A trial that goes on after a crash or
in a later session is bound to the stand-in that it has, so no rung, median or population ever counts it twice; an
epoch that it repeats since its last checkpoint is answered as it was answered before.
"""

from typing import Any

from ray.tune.experiment import Trial
from ray.tune.schedulers import TrialScheduler

from garment_sweeps.experiment import Experiment, PbtConfig, result_keys
from garment_sweeps.search.schedulers.hooks import Hooks
from garment_sweeps.search.schedulers.judge import ABSENT, DONE, ERROR, EXPLOIT, REMOVED, Judge, Verdict
from garment_sweeps.search.schedulers.tune_trials import own_name, save, stop_waiting, tell_schedule
from garment_sweeps.search.schedulers.views import WAITING, TrialView
from garment_sweeps.study.decisions import DecisionLog
from garment_sweeps.study.outcome import usable_value
from garment_sweeps.study.study import names_repeat
from garment_sweeps.trials.context import TrialContext
from garment_sweeps.trials.lineage import copied_checkpoint

KEPT = (result_keys.ATTEMPT, result_keys.ATTEMPT_SECONDS)
"""What else of a result belongs into the log."""
MEANING = {TrialScheduler.STOP: "stop", TrialScheduler.PAUSE: "pause"}
"""The event that says what a decision means, for who reads the log."""


class RecordedScheduler(TrialScheduler):
    """The experiment's scheduler for Tune, which goes on where the log ends.

    Into the log it writes `add` (a trial is there to be started), `result` (every epoch of every trial, with the
    decision and its inputs), `wake` (a trial that waited is started), `leave` (it ended by itself or never ran) and
    `expect` (how many trials will come): what a later session or a replay is fed. For the reader it adds what these
    mean, trial by trial: `stop`, `pause`, `promote` and `exploit`.

    Repeats of finalists are logged and never judged.

    Args:
        experiment: its scheduler, or None to let every trial train all its epochs.
        log: hears of every decision, and is read first.
        trials: of the sweep in all; the experiment's number by default.
        hooks: to the rest of the sweep.
    """

    _supports_buffered_results = False

    def __init__(
        self, experiment: Experiment, log: DecisionLog, trials: int | None = None, hooks: Hooks | None = None
    ) -> None:
        super().__init__()
        self._metric = result_keys.OBJECTIVE
        self._judge = Judge(experiment)
        self._changes = experiment.scheduler.paths if isinstance(experiment.scheduler, PbtConfig) else ()
        self._bound: dict[str, Trial] = {}  # Tune's trials that have not ended, by their own names
        self._context: dict[str, Any] = {}
        self._log = log
        self._trials = trials or experiment.trials
        self._hooks = hooks or Hooks()
        self._to_stop: list[TrialView] = []
        self._unwritten: set[str] = set()
        self._opened = self._closed = self._cut_short = False
        for event in log.read():
            self._judge.feed(event)

    # What Tune asks and tells.

    def set_search_properties(self, metric: str | None, mode: str | None, **spec: Any) -> bool:
        """The experiment has its metric, and small is good: nothing else can be set."""
        return metric is None and mode is None

    def on_trial_add(self, tune_controller: Any, trial: Trial) -> None:
        """A trial is there to be started, or again after its process failed."""
        name = own_name(trial)
        if names_repeat(name):
            return
        if not self._opened:
            self._opened = True
            self._expect(tune_controller, self._trials)
        again = self._bound.get(name) is trial
        self._judge.add(name, trial.config["values"])
        self._log.append("add", trial=name, values=trial.config["values"])
        view = self._judge.trials[name]
        self._bound[name] = trial
        self._context = trial.config["context"]
        if self._changes:
            tell_schedule(trial, view, self._changes)
        if view.schedule:
            self._hooks.on_exploit(name, list(view.schedule))
        if again:
            return
        if view.status == Trial.PAUSED:
            trial.set_status(Trial.PAUSED)  # when this returns, Tune puts the trial where its status says
            self._hooks.on_pause(name)
        elif view.is_finished() and not view.left:  # stopped, but the driver was killed before the study was told
            trial.set_status(Trial.PAUSED)
            self._to_stop.append(view)

    def on_trial_result(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> str:
        """Whether the trial goes on."""
        name, epoch = own_name(trial), int(result.get(result_keys.EPOCH, 0))
        if names_repeat(name):
            self._record(name, epoch, result, Verdict(), {})
            return TrialScheduler.CONTINUE
        view = self._judge.trials[name]
        if view.is_finished():
            return TrialScheduler.STOP
        if epoch <= view.epoch:
            waits = view.status == Trial.PAUSED and epoch == view.epoch
            return TrialScheduler.PAUSE if waits else TrialScheduler.CONTINUE
        decision = self._decide_missed(tune_controller, view, result)
        if decision == TrialScheduler.CONTINUE:
            decision = self._decide(tune_controller, view, epoch, result)
        if decision != EXPLOIT:
            return decision
        tune_controller.pause_trial(trial, should_checkpoint=False)
        return TrialScheduler.NOOP

    def on_trial_complete(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> None:
        """A trial ended by itself, by a decision that is on record, or because the budget is spent."""
        name, epoch = own_name(trial), int(result.get(result_keys.EPOCH, 0))
        if names_repeat(name):
            return
        view, interrupted = self._judge.trials[name], self._hooks.interrupted(trial.trial_id)
        if interrupted and not view.is_finished():
            self._cut_short = True
            if epoch > view.epoch:
                self._decide(tune_controller, view, epoch, result)
        elif not view.is_finished():
            self._leave(tune_controller, view, DONE, epoch, usable_value(result))
        self._bound.pop(name, None)

    def on_trial_remove(self, tune_controller: Any, trial: Trial) -> None:
        """A trial ends that waits or never ran."""
        self._gone(tune_controller, trial, REMOVED)

    def on_trial_error(self, tune_controller: Any, trial: Trial) -> None:
        """A trial's process failed; where Tune starts it again, it has marked that already, and it is no end."""
        if trial.status != Trial.ERROR:
            self._gone(tune_controller, trial, ERROR)

    def choose_trial_to_run(self, tune_controller: Any) -> Trial | None:
        """A trial to be started now."""
        self._to_stop = [v for v in self._to_stop if not stop_waiting(tune_controller, self._bound.get(v.name), v)]
        search_over = tune_controller.search_alg.is_finished()
        if self._hooks.exhausted():
            self._cut_waiting(tune_controller)
        elif search_over and not self._closed and not self._cut_short:
            self._closed = True
            self._close(tune_controller)
        view = self._judge.choose(self._startable())
        if view is None and search_over and self._bound and len(self._paused()) == len(self._bound):
            view = self._unstall(tune_controller)
        return None if view is None else self._started(view)

    def debug_string(self) -> str:
        """Nothing: the log says it better."""
        return ""

    def __getstate__(self) -> dict[str, Any]:
        """Tune's snapshot, which is never read again, keeps nothing of it."""
        return {}

    # Decisions.

    def _decide_missed(self, tune_controller: Any, view: TrialView, result: dict[str, Any]) -> str:
        """Epochs of which a driver that was killed kept no record, while the trial's checkpoint did."""
        for epoch, value in result.get(result_keys.EARLIER, ()):
            if view.epoch < epoch < int(result[result_keys.EPOCH]):
                missed = {result_keys.EPOCH: epoch, result_keys.OBJECTIVE: value}
                decision = self._decide(tune_controller, view, epoch, missed)
                if decision != TrialScheduler.CONTINUE:
                    return decision
        return TrialScheduler.CONTINUE

    def _decide(self, tune_controller: Any, view: TrialView, epoch: int, result: dict[str, Any]) -> str:
        pending = [name for name in self._bound if self._judge.trials[name].status == Trial.PENDING]
        running = [name for name in pending if self._bound[name].status == Trial.RUNNING]
        verdict = self._judge.result(view.name, epoch, usable_value(result), running)
        changed = self._settle(verdict, tune_controller)
        self._record(view.name, epoch, result, verdict, {**changed, **({"running": running} if running else {})})
        if view.status == Trial.PAUSED:
            self._hooks.on_pause(view.name)
        return verdict.decision

    def _record(self, name: str, epoch: int, result: dict[str, Any], verdict: Verdict, more: dict[str, Any]) -> None:
        body = {"trial": name, "epoch": epoch, "value": usable_value(result)}
        more = {**more, **{key: result[key] for key in KEPT if key in result}}
        self._log.append("result", **body, decision=verdict.decision, inputs=verdict.inputs, **more)
        if verdict.decision in MEANING:
            self._log.append(MEANING[verdict.decision], **body, inputs=verdict.inputs)
        self._follow(verdict)

    def _settle(self, verdict: Verdict, tune_controller: Any) -> dict[str, Any]:
        """Keeps the checkpoints that are copied, and gives what belongs into the event of the decision itself."""
        for name, entry in verdict.exploits.items():
            source, number = entry["from"], len(self._judge.trials[name].schedule) + 1
            if source in self._bound:
                save(tune_controller, self._bound[source])
            entry |= copied_checkpoint(TrialContext.from_plain(self._context), source, name, number)
            self._judge.settle(name, entry)
        return {"exploits": verdict.exploits} if verdict.exploits else {}

    def _follow(self, verdict: Verdict) -> None:
        for kind, views in (("stop", verdict.stopped), ("promote", verdict.promoted)):
            for view in views:
                body = {"trial": view.name, "epoch": view.value_epoch, "value": view.value}
                self._log.append(kind, **body, inputs=verdict.inputs)
        for name, entry in verdict.exploits.items():
            view = self._judge.trials[name]
            self._log.append("exploit", trial=name, **entry)
            self._unwritten.add(name)
            if name in self._bound:
                tell_schedule(self._bound[name], view, self._changes)
            self._hooks.on_exploit(name, list(view.schedule))
        self._to_stop += verdict.stopped

    def _leave(
        self, tune_controller: Any, view: TrialView, how: str, epoch: int = 0, value: float | None = None
    ) -> None:
        verdict = self._judge.leave(view.name, how, epoch, value)
        self._carry_out(tune_controller, verdict, "leave", trial=view.name, epoch=epoch, value=value, how=how)

    def _gone(self, tune_controller: Any, trial: Trial, how: str) -> None:
        name = own_name(trial)
        if names_repeat(name):
            return
        view = self._judge.trials[name]
        cut_short = self._cut_short or self._hooks.interrupted(trial.trial_id)
        if not view.is_finished() and not (cut_short and how == REMOVED):
            self._leave(tune_controller, view, how)
        self._bound.pop(name, None)

    def _expect(self, tune_controller: Any, trials: int) -> None:
        if (verdict := self._judge.expect(trials)) is not None:
            self._carry_out(tune_controller, verdict, "expect", trials=trials)

    def _carry_out(self, tune_controller: Any, verdict: Verdict, kind: str, **body: Any) -> None:
        self._log.append(kind, **body, **self._settle(verdict, tune_controller))
        self._follow(verdict)

    # What decisions do to Tune's trials.

    def _cut_waiting(self, tune_controller: Any) -> None:
        self._cut_short = True
        for trial in self._paused():
            tune_controller.stop_trial(trial)

    def _paused(self) -> list[Trial]:
        return [trial for trial in self._bound.values() if trial.status == Trial.PAUSED]

    def _close(self, tune_controller: Any) -> None:
        """Nothing more is suggested: what was expected will not come, and what is not here will not either."""
        self._expect(tune_controller, len(self._judge.trials))
        for view in list(self._judge.trials.values()):
            if not view.is_finished() and view.name not in self._bound:
                self._leave(tune_controller, view, ABSENT)

    def _startable(self) -> set[str]:
        if self._unwritten and self._hooks.written():
            self._unwritten.clear()
        woken = () if self._hooks.full() else (Trial.PAUSED,)
        return {
            name
            for name, trial in self._bound.items()
            if trial.status in WAITING  # so that Tune can start it at once: it is not being saved
            and self._judge.trials[name].status in (Trial.PENDING, Trial.RUNNING, *woken)
            and name not in self._unwritten
        }

    def _unstall(self, tune_controller: Any) -> TrialView | None:
        """All that is left waits for what will not come: it is woken, or left to a later session with more budget."""
        if self._unwritten:
            return None
        if self._cut_short or self._hooks.full():
            self._cut_waiting(tune_controller)
            return None
        return self._judge.trials[next(iter(self._bound))]

    def _started(self, view: TrialView) -> Trial:
        if view.status == Trial.PAUSED:
            self._judge.wake(view.name)
            self._log.append("wake", trial=view.name, epoch=view.epoch)
            self._hooks.on_wake(view.name)
        return self._bound[view.name]
