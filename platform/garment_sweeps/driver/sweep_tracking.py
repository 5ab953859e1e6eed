"""What the driver writes to MLflow: the parent run, the baselines, the end, and what trials could not deliver.

Only `start` needs MLflow to answer. Whatever comes later is delivered in the background, again and again while MLflow
is away; what is missing at the end, the next session of the sweep delivers.
"""

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from optuna.trial import TrialState

from garment_sweeps.experiment import Experiment
from garment_sweeps.settings.masking import first_line
from garment_sweeps.storage.filesystem import open_filesystem, read_json, write_whole
from garment_sweeps.study.spec import SweepRequest
from garment_sweeps.study.study import REASON
from garment_sweeps.tracking import SweepRun, tracking_client, tracking_uri
from garment_sweeps.tracking.config import TrackingConfig
from garment_sweeps.tracking.courier import Courier
from garment_sweeps.tracking.outbox import Outbox
from garment_sweeps.tracking.provenance import Sources, take_sources
from garment_sweeps.tracking.reconcile import Reconciliation, StudyOutcome
from garment_sweeps.tracking.record import TrialRecord, now_ms
from garment_sweeps.tracking.record_file import newest_record
from garment_sweeps.tracking.steps import Steps
from garment_sweeps.tracking.sweep_run import BASELINES_FILE, delete_sweeps
from garment_sweeps.trials.checkpoints import TrialStore
from garment_sweeps.trials.context import TrialContext
from garment_uv.errors import UserError
from garment_uv.training.trial import TrialConfig

if TYPE_CHECKING:
    from garment_sweeps.driver.report import SweepReport

EVERY_S = 60.0
"""Between two looks at what trials could not deliver."""
FINISH_WAIT_S = 30.0
"""Seconds that the end of a session waits for an MLflow that does not move; a fifth where it refuses."""
SHOWN_PARKED = 5
"""Trials of which MLflow refused something that are named at the end of a session."""
OUTCOMES = {TrialState.COMPLETE: "complete", TrialState.PRUNED: "pruned", TrialState.FAIL: "failed"}


class KnownTrial(Protocol):
    """A trial as the study's history holds it."""

    @property
    def name(self) -> str: ...

    @property
    def state(self) -> TrialState: ...

    @property
    def attrs(self) -> dict[str, Any]: ...


class SweepTracking:
    """The sweep's parent run, and the courier that writes to it and to the runs of trials that are over."""

    def __init__(self, run: SweepRun, sources: Sources) -> None:
        self.run = run
        ids = {"experiment_id": run.experiment_id, "parent_run_id": run.run_id}
        self.config = TrackingConfig(uri=tracking_uri(), provenance=sources.provenance, **ids)
        self._sources: Sources | None = sources
        self._steps = Steps()
        self._check: Callable[[], None] = lambda: None
        self._refused_trials: dict[str, str] = {}
        self._courier = Courier("mlflow sweep", self._deliver, EVERY_S)
        self._context: TrialContext | None = None
        self._trials: Callable[[], Iterable[KnownTrial]] = tuple
        self._baselines_sent = False
        self._files: list[Path] = []
        self._status = "complete"
        self._summary: dict[str, Any] | None = None
        self._ended_ms = 0

    @classmethod
    def start(
        cls,
        experiment: Experiment,
        request: SweepRequest,
        study: str = "",
    ) -> "SweepTracking":
        """Opens the parent run of the study and notes the code and the experiment's file.

        Overwriting deletes runs of that name first. UserError where MLflow does not answer, or the run is another
        study's.
        """
        if request.overwrite:
            delete_sweeps(tracking_client(), request.name)
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
            "also_minimise": list(experiment.also_minimise),
            "constraints": [constraint.plain() for constraint in experiment.constraints],
            "finals": experiment.finals.plain(),
        }
        sources = take_sources(request.experiment_file)
        return cls(SweepRun.start(experiment.name, request.name, description, sources.provenance, study), sources)

    def watch(
        self,
        context: TrialContext,
        trials: Callable[[], Iterable[KnownTrial]],
        check: Callable[[], None] = lambda: None,
    ) -> None:
        """Begins to deliver what trials of this sweep leave behind.

        Args:
            context: of the trials.
            trials: gives all that the study knows.
            check: raises UserError once another driver has the sweep; then nothing more is delivered.
        """
        self._context, self._trials, self._check = context, trials, check
        self._courier.poke()

    def log_baselines(self, config: TrialConfig) -> None:
        """Measures the baselines of the config's dataset, unless an earlier session did, and logs them. After `watch`.

        They are kept in the sweep's storage, so that neither measuring nor logging is ever repeated.
        """
        if self._baselines() is not None:
            return
        from garment_sweeps.ray.baselines import measure_on_cluster

        table = measure_on_cluster(config)
        filesystem, path = self._baselines_file()
        write_whole(filesystem, path, json.dumps(table).encode())
        self._courier.poke()

    def baseline_mm(self, baseline: str, metric: str) -> float | None:
        """A measured baseline's metric, mm; None where it was not measured."""
        return (self._baselines() or {}).get(baseline, {}).get(metric)

    def keep(self, file: Path) -> None:
        """Keeps a file, whole by then, as an artifact of the parent run."""
        self._files.append(file)
        self._courier.poke()

    def finish(self, report: "SweepReport") -> bool:
        """Ends the parent run and sets all trials' runs right; says so where MLflow is away, and is then False.

        No trial runs any more.
        """
        words = {"best_trial": report.best_trial, "stopped_because": report.stopped_because}
        status = "complete" if report.complete or report.interrupted else "failed"
        return self._end(status, {**report.metrics(), **{k: v for k, v in words.items() if v}})

    def abort(self, status: str, reason: str) -> bool:
        """Ends the parent run otherwise: 'failed' or 'killed', with the reason in one line. Else as `finish`.

        Trials that are not over are marked as KILLED. Only for a driver that still holds the sweep: where another
        one has taken it over the runs are the other's, and `close` is all that is left to do.
        """
        return self._end(status, {"reason": first_line(reason)})

    def _end(self, status: str, summary: dict[str, Any]) -> bool:
        self._status, self._summary, self._ended_ms = status, summary, now_ms()
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
        over, take = self._summary is not None, self._steps.take
        take("its sources", self._send_sources)
        if not self._baselines_sent and self._context is not None:
            take("its baselines", self._send_baselines)
        for file in list(self._files):
            take(f"file {file.name}", partial(self._send_file, file))
        if self._context is not None:
            take("its trials", partial(self._reconcile, over))
        if over:
            take("its summary", lambda: self.run.log_summary(self._summary, self._ended_ms))
            take("its end", lambda: self.run.end(self._status, self._ended_ms))
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
            parked = self._outbox().parked()
        except OSError:  # a store that is away is said by others
            return
        yield from (each.line() for each in parked[:SHOWN_PARKED])
        if len(parked) > SHOWN_PARKED:
            yield f"and {len(parked) - SHOWN_PARKED} more trials, in {Path(parked[-1].path).parent}"

    def _outbox(self) -> Outbox:
        return Outbox.of(self._context.storage, self._context.sweep)

    def _send_sources(self) -> None:
        if self._sources is not None:
            self.run.log_sources(self._sources)
            self._sources = None

    def _send_file(self, file: Path) -> None:
        if file.is_file():
            self.run.client.log_artifact(self.run.run_id, str(file))
        self._files.remove(file)

    def _reconcile(self, over: bool) -> None:
        outcomes = {trial.name: _study_outcome(trial) for trial in list(self._trials())}
        live = () if over else [name for name, known in outcomes.items() if not known.outcome]
        reconciliation = Reconciliation(self.run, self._outbox(), self._record_of, self._courier.progress)
        self._refused_trials = reconciliation.reconcile(outcomes, live, whole=over)

    def _record_of(self, trial_id: str) -> TrialRecord | None:
        context = self._context
        store = TrialStore.open(context.storage, context.sweep, trial_id, context.session)
        return newest_record(store.filesystem, store.checkpoints())

    def _send_baselines(self) -> None:
        table = self._baselines()
        if table is None:
            return
        logged = {item.path for item in self.run.client.list_artifacts(self.run.run_id)}
        if BASELINES_FILE not in logged:
            self.run.log_baselines(table)
        self._baselines_sent = True

    def _baselines(self) -> dict[str, dict[str, float]] | None:
        return read_json(*self._baselines_file())

    def _baselines_file(self):
        filesystem, root = open_filesystem(self._context.storage)
        return filesystem, f"{root}/{self._context.sweep}/{BASELINES_FILE}"


def _study_outcome(trial: KnownTrial) -> StudyOutcome:
    return StudyOutcome(OUTCOMES.get(trial.state, ""), str(trial.attrs.get(REASON, "")))
