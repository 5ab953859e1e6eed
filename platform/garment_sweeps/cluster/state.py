"""A sweep's state while its driver holds it: study, history and decision log, in a database and in copies."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import optuna
from optuna.storages import RDBStorage
from optuna.trial import TrialState

from garment_sweeps.cluster.lease import Lease, take_lease
from garment_sweeps.cluster.patience import Answer, patiently
from garment_sweeps.cluster.settings import Settings
from garment_sweeps.cluster.state_copies import StateCopies
from garment_sweeps.search.catch_up import catch_up
from garment_sweeps.search.decisions import DecisionLog, write_file
from garment_sweeps.search.history import History
from garment_sweeps.search.journal import PASSING, Journal, sentence
from garment_sweeps.search.restore import study_from_log
from garment_sweeps.search.study import base_values, guard_writes, next_session, open_storage, open_study, study_exists
from garment_sweeps.search.warm_start import NOTHING_KNOWN, HeadStart
from garment_sweeps.spaces import Experiment
from garment_uv.errors import Unreachable, UserError


@dataclass(frozen=True)
class SweepState:
    """What the driver knows, and what carries it to the database."""

    study: optuna.Study
    journal: Journal
    log: DecisionLog
    history: History
    session: int
    """How many times the sweep was started before."""
    start: HeadStart
    """What was known before the first trial."""
    file: Path
    """Where `keep_log` writes."""

    def open_trials(self, trials: int) -> int:
        """How many are left to run of so many in all."""
        return len(self.history.in_state(TrialState.RUNNING)) + max(0, trials - len(self.history))

    def keep_log(self) -> Path:
        """Writes the decision log, as far as the database has it, as JSON lines, and returns the file."""
        write_file(self.log.read(), self.file)
        return self.file


@contextmanager
def sweep_state(
    settings: Settings,
    name: str,
    experiment: Experiment,
    trials: int,
    resume: bool,
    head_start: HeadStart | None = None,
) -> Iterator[SweepState]:
    """The state, held by this driver alone while inside; all of it is written when it ends without an error.

    Raises:
        UserError: another driver holds the sweep, its name is taken and `resume` is False, what is to be resumed was
            another experiment, or the database cannot be reached.
    """
    storage = patiently(lambda: open_storage(settings.study_url), goes_on=resume)
    lease = patiently(lambda: answered(lambda: take_lease(storage.engine, name)), goes_on=resume)
    guard_writes(storage, lease.guard)
    try:
        copies = StateCopies(settings.storage, name)
        opening = partial(
            _open, storage, lease, copies, log_file(settings.home, name), name, experiment, trials, resume, head_start
        )
        state = patiently(lambda: answered(opening), goes_on=resume)
        copies.start(state.log)
        try:
            yield state
        finally:
            try:
                state.journal.close()
                state.keep_log()
            finally:
                copies.stop(state.log, keep=not state.journal.failure)  # one that lost its sweep keeps its hands off
    finally:
        lease.release()


def _open(
    storage: RDBStorage,
    lease: Lease,
    copies: StateCopies,
    file: Path,
    name: str,
    experiment: Experiment,
    trials: int,
    resume: bool,
    head_start: HeadStart | None,
) -> SweepState:
    """The state from the database; cut short at any step, it can be done again."""
    saved = [] if not resume or study_exists(storage, name) else copies.newest()
    if saved:
        study_from_log(storage, name, saved)
        print(f"garment: the study was not in its database; made again from {copies.folder}", file=sys.stderr)
    study = open_study(storage, name, experiment, resume)
    journal = Journal()
    log = DecisionLog(name, journal, storage.engine, lease.guard)
    if saved and not log.read():
        log.adopt(saved)
    history = History(study, journal)
    catch_up(history, log, experiment)
    start, session = _begun(log, experiment, head_start), next_session(study)
    kept = {"known": list(start.known), "planned": list(start.planned)}
    log.append("begin", session=session, experiment=experiment.plain(), trials=trials, **kept)
    return SweepState(study, journal, log, history, session, start, file)


def answered(call: Callable[[], Answer]) -> Answer:
    """What `call` returns; Unreachable where the database went away meanwhile."""
    try:
        return call()
    except PASSING as error:
        raise Unreachable(sentence(error)) from None


def log_file(home: Path, sweep: str) -> Path:
    """Where a sweep's decision log lies as JSON lines after each session."""
    return home / "decisions" / f"{sweep}.jsonl"


def _begun(log: DecisionLog, experiment: Experiment, given: HeadStart | None) -> HeadStart:
    """The head start that the sweep began with; for a new one, the base config comes first."""
    events = log.read()
    if not events:
        given = given or NOTHING_KNOWN
        return HeadStart(given.known, (*base_values(experiment), *given.planned))
    first = events[0]
    if given is not None and given != NOTHING_KNOWN:
        raise UserError("a sweep takes its warm start when it begins; leave --warm-start out to continue this one")
    return HeadStart(tuple(first["known"]), tuple(first["planned"]))
