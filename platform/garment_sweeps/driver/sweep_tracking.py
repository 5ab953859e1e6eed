"""What the driver writes to MLflow: the parent run, the baselines, the end, and what trials could not deliver.

Only `start` needs MLflow to answer. Whatever comes later is delivered in the background, again and again while MLflow
is away; what is missing at the end, the next session of the sweep delivers.
"""

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from optuna.trial import TrialState

from garment_sweeps.experiment import Experiment
from garment_sweeps.settings.patience import patiently
from garment_sweeps.storage.filesystem import open_filesystem, read_json, write_whole
from garment_sweeps.study.history import Record
from garment_sweeps.study.spec import SweepRequest
from garment_sweeps.study.study import REASON
from garment_sweeps.tracking import SweepRun, tracking_client
from garment_sweeps.tracking.courier import Courier
from garment_sweeps.tracking.outbox import Outbox
from garment_sweeps.tracking.parts import Steps
from garment_sweeps.tracking.provenance import Sources, take_sources
from garment_sweeps.tracking.reconcile import Reconciliation, StudyOutcome
from garment_sweeps.tracking.record import TrialRecord, newest_record, now_ms
from garment_sweeps.tracking.runs import delete_sweeps
from garment_sweeps.tracking.sweep_run import BASELINES_FILE
from garment_sweeps.trials.checkpoints import TrialStore
from garment_sweeps.trials.context import TrialContext
from garment_uv.errors import UserError

EVERY_S = 60.0
"""Between two looks at what trials could not deliver."""
FINISH_WAIT_S = 30.0
"""Seconds that the end of a session waits for an MLflow that does not move; a fifth where it refuses."""
SHOWN_PARKED = 5
"""Trials of which MLflow refused something that are named at the end of a session."""
OUTCOMES = {TrialState.COMPLETE: "complete", TrialState.PRUNED: "pruned", TrialState.FAIL: "failed"}

Baselines = dict[str, dict[str, float]]
"""S2S, mm, by baseline and metric."""


class SweepTracking:
    """The sweep's parent run, and the courier that writes to it and to the runs of trials that are over."""

    def __init__(self, run: SweepRun, sources: Sources) -> None:
        self.run = run
        self.config = run.for_trials(sources.provenance)
        self._sources: Sources | None = sources
        self._steps = Steps()
        self._check: Callable[[], None] = lambda: None
        self._refused_trials: dict[str, str] = {}
        self._courier = Courier("mlflow sweep", self._deliver, EVERY_S)
        self._context: TrialContext | None = None
        self._trials: Callable[[], Iterable[Record]] = tuple
        self._baselines_sent = False
        self._files: list[Path] = []
        self._end: tuple[str, dict[str, Any], int] | None = None

    @classmethod
    def start(
        cls, experiment: Experiment, request: SweepRequest, study: str = "", goes_on: bool = False
    ) -> "SweepTracking":
        """Opens the parent run of the study and notes the code and the experiment's file.

        Overwriting deletes runs of that name first. UserError where MLflow does not answer, for which a sweep that
        `goes_on` waits, or the run is another study's.
        """
        plain = experiment.plain()
        same = ("description", "trials", "sampler", "scheduler", "seed", "resources", "metric", "also_minimise")
        description = {
            **{name: plain[name] for name in (*same, "constraints", "finals")},
            "experiment_digest": experiment.digest(),
            "space": plain["space"]["parameters"],
            "epochs": experiment.epochs,
        }
        sources = take_sources(request.experiment_file)

        def begin() -> SweepRun:
            if request.overwrite:
                delete_sweeps(tracking_client(), request.name)
            return SweepRun.start(experiment.name, request.name, description, sources.provenance, study)

        return cls(patiently(begin, goes_on), sources)

    def watch(
        self,
        context: TrialContext,
        trials: Callable[[], Iterable[Record]],
        check: Callable[[], None] = lambda: None,
    ) -> None:
        """Begins to deliver what the study's `trials` leave behind, until `check` raises UserError.

        It does so once another driver has the sweep.
        """
        self._context, self._trials, self._check = context, trials, check
        self._courier.poke()

    def log_baselines(self, context: TrialContext) -> None:
        """Measures the baselines of the trials' dataset, unless an earlier session did, and logs them.

        They are kept in the sweep's storage, so that neither measuring nor logging is ever repeated.
        """
        if known_baselines(context) is None:
            from garment_sweeps.ray.baselines import measure_on_cluster

            table = measure_on_cluster(context.base)
            write_whole(*_baselines_file(context), json.dumps(table).encode())
            self._courier.poke()

    def keep(self, file: Path) -> None:
        """Keeps a file, whole by then, as an artifact of the parent run."""
        self._files.append(file)
        self._courier.poke()

    def finish(self, status: str, summary: dict[str, Any]) -> bool:
        """Ends the parent run and sets all trials' runs right; says so where MLflow is away, and is then False.

        No trial runs any more: one that is not over is marked as KILLED. Only for a driver that still holds the sweep:
        where another one has taken it over the runs are the other's, and `close` is all that is left to do. `status` is
        'complete', 'failed' or 'killed'; numbers of the summary become metrics, the rest tags.
        """
        self._end = status, summary, now_ms()
        self._courier.poke()
        delivered = self._courier.settled(FINISH_WAIT_S)
        if not delivered:
            why = self._courier.trouble or "no answer"
            print(
                f"garment: MLflow is away ({why}); nothing is lost: `garment sweep --resume` delivers what it missed",
                file=sys.stderr,
            )
        for line in self._refusals():
            print(f"garment: {line}", file=sys.stderr)
        self.close()
        return delivered

    def close(self) -> None:
        """Writes nothing more."""
        self._courier.close()

    def _deliver(self) -> None:
        try:
            self._check()
        except UserError:
            self.close()
            return
        context, end, take = self._context, self._end, self._steps.take
        take("its sources", self._send_sources)
        if context is not None and not self._baselines_sent:
            take("its baselines", partial(self._send_baselines, context))
        for file in list(self._files):
            take(f"file {file.name}", partial(self._send_file, file))
        if context is not None:
            take("its trials", partial(self._reconcile, context, over=end is not None))
        if end is not None:
            status, summary, at_ms = end
            take("its summary", lambda: self.run.log_summary(summary, at_ms))
            take("its end", lambda: self.run.end(status, at_ms))
        self._steps.end()

    def _refusals(self) -> Iterator[str]:
        """What MLflow will never take, a line each."""
        for what, why in self._steps.refused.items():
            yield f"MLflow refused {what} of sweep run {self.run.run_id} ({why}); the rest was delivered"
        for trial_id, why in self._refused_trials.items():
            yield f"MLflow refused what was missing in the run of trial {trial_id} ({why}); --resume tries it again"
        if self._context is None:
            return
        try:
            parked = _outbox(self._context).parked()
        except OSError:  # a store that is away is said by others
            return
        yield from (each.line() for each in parked[:SHOWN_PARKED])
        if len(parked) > SHOWN_PARKED:
            yield f"and {len(parked) - SHOWN_PARKED} more trials, in {Path(parked[-1].path).parent}"

    def _send_sources(self) -> None:
        if self._sources is not None:
            self.run.log_sources(self._sources)
            self._sources = None

    def _send_file(self, file: Path) -> None:
        if file.is_file():
            self.run.client.log_artifact(self.run.run_id, str(file))
        self._files.remove(file)

    def _send_baselines(self, context: TrialContext) -> None:
        table = known_baselines(context)
        if table is None:
            return
        logged = {item.path for item in self.run.client.list_artifacts(self.run.run_id)}
        if BASELINES_FILE not in logged:
            self.run.log_baselines(table)
        self._baselines_sent = True

    def _reconcile(self, context: TrialContext, over: bool) -> None:
        outcomes = {
            trial.name: StudyOutcome(OUTCOMES.get(trial.state, ""), str(trial.attrs.get(REASON, "")))
            for trial in list(self._trials())
        }
        live = () if over else [name for name, known in outcomes.items() if not known.outcome]
        record_of = partial(_newest_record, context)
        reconciliation = Reconciliation(self.run, _outbox(context), record_of, self._courier.progress)
        self._refused_trials = reconciliation.reconcile(outcomes, live, whole=over)


def known_baselines(context: TrialContext) -> Baselines | None:
    """The baselines as they were measured for that sweep; None where they were not."""
    return read_json(*_baselines_file(context))


def _baselines_file(context: TrialContext) -> tuple[Any, str]:
    filesystem, root = open_filesystem(context.storage)
    return filesystem, f"{root}/{context.sweep}/{BASELINES_FILE}"


def _outbox(context: TrialContext) -> Outbox:
    return Outbox.of(context.storage, context.sweep)


def _newest_record(context: TrialContext, trial_id: str) -> TrialRecord | None:
    store = TrialStore.open(context.storage, context.sweep, trial_id, context.session)
    return newest_record(store.filesystem, store.checkpoints())
