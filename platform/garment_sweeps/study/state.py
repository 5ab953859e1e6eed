"""A sweep's state while its driver holds it: study, history and decision log, in a database and in copies."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import optuna
from optuna.trial import TrialState

from garment_sweeps.settings.code import code_digest
from garment_sweeps.settings.environment import Settings
from garment_sweeps.settings.patience import Returned, patiently
from garment_sweeps.study.catch_up import catch_up
from garment_sweeps.study.claims import Claim
from garment_sweeps.study.copies import StateCopies
from garment_sweeps.study.database import PASSING, sentence
from garment_sweeps.study.decisions import DecisionLog, Event, write_file
from garment_sweeps.study.history import History
from garment_sweeps.study.hold import StorageHold
from garment_sweeps.study.journal import Journal
from garment_sweeps.study.lease import Lease, take_lease
from garment_sweeps.study.opening import STUDY_FIELD, OpenedStudy, StudyOpening
from garment_sweeps.study.spec import NOTHING_KNOWN, Changes, HeadStart, SweepRequest, SweepSpec
from garment_sweeps.study.study import SESSIONS, base_values, guard_writes, open_storage
from garment_uv.errors import Unreachable, UserError

CODE_FIELD = "code"
"""In the `begin` events of the log: the digest of the code that ran the session."""


@dataclass(frozen=True)
class SweepState:
    """What the driver knows, and what carries it to the database."""

    study: optuna.Study
    journal: Journal
    log: DecisionLog
    history: History
    spec: SweepSpec
    claim: Claim
    """Of the sweep's study on its place in the storage."""
    codes: tuple[str, ...]
    """Digests of the code by which the sweep was run so far, the newest last."""
    session: int
    """How many times the sweep was started before."""
    start: HeadStart
    """What was known before the first trial."""
    lease: Lease
    """In the database; its `check` asks whether this driver still has the sweep."""
    hold: StorageHold
    file: Path
    """Where `keep_log` writes."""

    def taken_over(self) -> bool:
        """Whether another driver is known to have the sweep now."""
        return self.lease.taken_over or bool(self.hold.lost)

    def lost(self) -> str:
        """Why this driver may write nothing more, as far as it was seen; empty while it may."""
        return self.lease.lost or self.hold.lost

    def open_trials(self, trials: int) -> int:
        """How many are left to run of so many in all."""
        return len(self.history.in_state(TrialState.RUNNING)) + max(0, trials - len(self.history))

    def keep_log(self) -> Path:
        """Writes the decision log, as far as the database has it, as JSON lines, and returns the file."""
        write_file(self.log.stored(), self.file)
        return self.file


class OpeningChecks:
    """What others say before a sweep is opened. By itself it knows nothing and refuses nothing."""

    def head_start(self, spec: SweepSpec) -> HeadStart:
        """What a sweep that begins is to know before its first trial."""
        return NOTHING_KNOWN

    def work_left(self, state: SweepState) -> bool:
        """Whether anything is left to run of a sweep that goes on; where nothing is, its code does not matter."""
        return True

    def check(self, state: SweepState | None, spec: SweepSpec) -> None:
        """Called before anything is made or logged, with the state that goes on, None for a sweep that begins; what it
        raises leaves no trace.
        """


NO_CHECKS = OpeningChecks()


@contextmanager
def sweep_state(settings: Settings, request: SweepRequest, checks: OpeningChecks = NO_CHECKS) -> Iterator[SweepState]:
    """The state, held by this driver alone while inside; all of it is written when it ends without an error.

    Raises:
        UserError: another driver holds the sweep, its name is taken, what is to be resumed was begun with other values
            or by other code or is another study's, or the database cannot be reached.
    """
    name = request.name

    def patient(call: Callable[[], Returned]) -> Returned:
        return patiently(lambda: answered(call), request.resume)

    database = patiently(lambda: open_storage(settings.study_url), request.resume)
    with ExitStack() as held:
        lease = patient(lambda: take_lease(database.engine, name))
        held.callback(lease.release)
        guard_writes(database, lease.guard)
        studies = StudyOpening(database, settings.storage, name, lease.guard)
        opened, spec, changes, start = _opened(studies, request, checks, patient)
        hold = patient(lambda: StorageHold(settings.storage, name, opened.claim))
        held.callback(hold.release)
        journal = Journal(hold.check)
        log = patient(lambda: DecisionLog(name, journal, database.engine, lease.guard))
        history = patient(lambda: History(opened.study, journal))
        copies, file = StateCopies(settings.storage, name), log_file(settings.home, name)
        try:
            catch_up(history, log, spec.experiment)
            session, codes = int(opened.study.user_attrs.get(SESSIONS, 0)), _codes(opened.events)
            about = (spec, opened.claim, codes, session, start)
            state = SweepState(opened.study, journal, log, history, *about, lease, hold, file)
            works = not opened.events or checks.work_left(state)
            if opened.events:
                _check_code(name, opened.events, request.accept_code or not works)
                checks.check(state, spec)
            patient(lambda: opened.study.set_user_attr(SESSIONS, session + 1))
            _log_begin(state, changes, works)
            copies.start(log, opened.claim.number)
            yield state
        finally:
            try:
                journal.close()
                write_file(log.stored(), file)
            finally:
                lost = journal.failure or lease.lost or hold.lost
                copies.stop(log, keep=not lost)  # one that lost its sweep keeps its hands off


def _opened(
    studies: StudyOpening, request: SweepRequest, checks: OpeningChecks, patient: Callable
) -> tuple[OpenedStudy, SweepSpec, Changes, HeadStart]:
    """The study, found or made, with what its sweep is begun or goes on with, and what it knew before its first trial.

    Whatever may be refused is, before anything is made.
    """
    if not (request.resume or request.overwrite) and (traces := studies.traces()):
        raise UserError(
            f"a sweep named {request.name!r} exists ({', '.join(traces)}): continue it with --resume, give another "
            "--name, or begin anew with --overwrite, which removes it"
        )
    opened = None if request.overwrite else patient(studies.find)
    if opened is not None and (before := SweepSpec.logged(opened.events)) is not None:
        spec, changes = before.resumed(request.name, request)
        first = opened.events[0]
        return opened, spec, changes, HeadStart(tuple(first["known"]), tuple(first["planned"]))
    spec = SweepSpec.new(request)
    earlier = checks.head_start(spec) if spec.warm_start else NOTHING_KNOWN
    start = HeadStart(earlier.known, (*base_values(spec.experiment), *earlier.planned))  # the base config comes first
    checks.check(None, spec)
    if request.overwrite:
        studies.clear()
    return opened or patient(lambda: studies.make(spec.experiment)), spec, {}, start


def _check_code(name: str, events: list[Event], accepted: bool) -> None:
    """UserError where the sweep was last run by other code than this, unless that is accepted."""
    last = next((event[CODE_FIELD] for event in reversed(events) if CODE_FIELD in event), code_digest())
    if last != code_digest() and not accepted:
        raise UserError(
            f"sweep {name!r} was last run by other code (digest {last}, now {code_digest()}), and trials of both would "
            "be compared as if they were alike: go back to that code, accept the change with --accept-code, or begin "
            "anew under another --name"
        )


def _codes(events: list[Event]) -> tuple[str, ...]:
    """Digests of all code that ran the sweep, each once, this process's last."""
    codes = [event[CODE_FIELD] for event in events if event["kind"] == "begin" and CODE_FIELD in event]
    return tuple(dict.fromkeys([*(code for code in codes if code != code_digest()), code_digest()]))


def _log_begin(state: SweepState, changes: Changes, works: bool) -> None:
    """The session's first event; a session in which nothing is run names no code."""
    known = {"known": list(state.start.known), "planned": list(state.start.planned)}
    changed = {"changes": {path: list(pair) for path, pair in changes.items()}} if changes else {}
    identity = {STUDY_FIELD: state.claim.study, **({CODE_FIELD: state.codes[-1]} if works else {})}
    state.log.append("begin", session=state.session, **identity, **state.spec.plain(), **known, **changed)


def answered(call: Callable[[], Returned]) -> Returned:
    """What `call` returns; Unreachable where the database went away meanwhile."""
    try:
        return call()
    except PASSING as error:
        raise Unreachable(sentence(error)) from None


def log_file(home: Path, sweep: str) -> Path:
    """Where a sweep's decision log lies as JSON lines after each session."""
    return home / "decisions" / f"{sweep}.jsonl"
