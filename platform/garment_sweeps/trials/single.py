"""One training of an experiment's base config, without Ray: what `garment train` runs."""

import secrets
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from garment_sweeps.experiment import Experiment, result_keys
from garment_sweeps.settings.code import code_digest
from garment_sweeps.settings.environment import Settings, StorageConfig
from garment_sweeps.storage import open_source
from garment_sweeps.study.claims import Claim, Claims
from garment_sweeps.tracking import SweepRun, tracking_client
from garment_sweeps.tracking.courier import Courier
from garment_sweeps.tracking.outbox import Outbox
from garment_sweeps.tracking.parts import Steps
from garment_sweeps.tracking.provenance import take_sources
from garment_sweeps.tracking.runs import sweep_or_none
from garment_sweeps.trials.checkpoints import TrialStore
from garment_sweeps.trials.context import TrialContext
from garment_sweeps.trials.job import TrialJob
from garment_sweeps.trials.progress import progress_in
from garment_sweeps.trials.team import Died
from garment_uv.errors import UserError
from garment_uv.training.trial import TrialConfig

DELIVERY_WAIT_S = 30.0
"""Seconds that the start and the end of a training wait for an MLflow that does not move."""
TRIAL = {"id": "t00000", "number": 0}
SWEEPS_OWN = "state"
"""In the place of a sweep, and of no single training: the copies of its decisions."""

Report = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class TrainingRequest:
    """What a caller asks of one training."""

    name: str
    """Of the run; its checkpoints lie under it in the storage."""
    resume: bool = False
    """Go on from the newest whole checkpoint of that name."""
    accept_code: bool = False
    """Go on although other code trained before."""
    out: Path | None = None
    """The model for inference is written here as well."""
    experiment_file: Path | None = None
    """From which the experiment was loaded; MLflow keeps its text."""


def train_once(
    experiment: Experiment, base: TrialConfig, request: TrainingRequest, settings: Settings, report: Report
) -> dict[str, Any]:
    """Trains `base` to its last epoch and returns the last result; tracked as a sweep of one trial.

    Args:
        experiment: gives name, metric, checkpoint interval and CPUs.
        base: with the dataset's URI resolved.
        request: what it is called, and whether to go on with it.
        settings: of this machine or job.
        report: called with every result (see `result_keys`).

    Raises:
        UserError: the name is taken and it is not to be resumed, or is a sweep's, other code trained before, the model
            folder exists, MLflow does not answer at the start, or the training failed.
    """
    name, out, storage = request.name, request.out, settings.storage
    if out is not None and out.exists():
        raise UserError(f"{out} exists; give another --out or remove it")
    store = TrialStore.open(storage, name, str(TRIAL["id"]), session=0)
    open_source(base.data.uri).manifest.digest()  # a wrong URI is said before anything is written
    client = tracking_client()
    if not request.resume and sweep_or_none(client, name) is not None:
        raise UserError(f"{name!r} exists in MLflow; go on with --resume or give another --name")
    claim = _claim_place(storage, request, store)
    sources = take_sources(request.experiment_file)
    about = {"description": f"one training of {experiment.name}"}
    run = SweepRun.start(experiment.name, name, about, sources.provenance, claim.study)
    context = TrialContext(
        sweep=name,
        session=0,
        base=base,
        metric=experiment.metric,
        checkpoint_every=experiment.checkpoint_every,
        storage=storage,
        claim=claim,
        home=str(settings.home),
        cpus=experiment.resources.cpus,
        tracking=run.for_trials(sources.provenance),
    )
    _deliver(lambda: run.log_sources(sources))
    outbox = Outbox.of(storage, name)
    _deliver(lambda: outbox.deliver(run))
    job = TrialJob(context, TRIAL, {})
    status = "failed"
    try:
        result = _train(job, store, experiment.checkpoint_every, report)
        if out is not None:
            job.export(out)
        status = "complete"
    except (KeyboardInterrupt, SystemExit):
        status = "killed"
        raise
    finally:
        job.close(interrupted=status == "killed")
        _deliver(lambda: run.end(status))
        for parked in outbox.parked():
            print(f"garment: {parked.line()}", file=sys.stderr)
    return result


def _claim_place(storage: StorageConfig, request: TrainingRequest, store: TrialStore) -> Claim:
    """The training's claim on its place in the storage, which only one of its own kind and code goes on with."""
    name = request.name
    claims = Claims(storage, name)
    before, traces = claims.newest(), claims.traces()
    if SWEEPS_OWN in traces:
        raise UserError(f"{name!r} is a sweep's name, in {claims.uri}; give the training another --name")
    if (before or traces) and not request.resume:
        raise UserError(f"a training named {name!r} exists; go on with --resume or give another --name")
    said = (progress_in(store.filesystem, path) for path in store.checkpoints())
    code = next((str(progress.get("code", "")) for progress in said if progress is not None), "")
    if code not in ("", code_digest()) and not request.accept_code:
        raise UserError(
            f"training {name!r} was begun by other code (digest {code}, now {code_digest()}): go back to that code, "
            "accept the change with --accept-code, or begin anew under another --name"
        )
    return before or claims.take(secrets.token_hex(8), None)


def _deliver(call: Callable[[], Any]) -> None:
    """Tells MLflow something, unless it is away for longer than `DELIVERY_WAIT_S`, or refuses it."""
    steps = Steps()

    def deliver() -> None:
        steps.take("", call)
        steps.end()

    courier = Courier("mlflow training", deliver)
    courier.poke()
    if not courier.settled(DELIVERY_WAIT_S):
        why = courier.trouble or "no answer"
        print(f"garment: MLflow is away ({why}); `garment train --resume` delivers what it missed", file=sys.stderr)
    for why in steps.refused.values():
        print(f"garment: MLflow refused a part of what this training says ({why})", file=sys.stderr)
    courier.close()


def _train(job: TrialJob, store: TrialStore, every: int, report: Report) -> dict[str, Any]:
    while True:
        try:
            result = job.step()
        except Died as error:
            raise UserError(f"{error}; see what it printed, and go on with --resume") from None
        report(result)
        if result.get(result_keys.INFEASIBLE) or result.get(result_keys.FAILED):
            raise UserError(f"the training ended at epoch {result[result_keys.EPOCH]}: {result[result_keys.REASON]}")
        done = bool(result.get("done"))
        if done or result[result_keys.EPOCH] % every == 0:
            with tempfile.TemporaryDirectory(prefix="garment-train-") as folder:
                job.save(Path(folder))
                store.put(Path(folder), result[result_keys.EPOCH])
        if done:
            return result
