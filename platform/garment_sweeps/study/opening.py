"""The study of a sweep, opened, made, or made again from copies of its log, and never another sweep's.

A study has an identity, made with it. It stands in the study itself, in the first event of its log and, by a
conditional write, in its place of the storage (see `garment_sweeps.study.claims`); whatever bears the sweep's name and
another identity is refused.
"""

import secrets
import sys
from dataclasses import dataclass

import optuna
from optuna.storages import RDBStorage

from garment_sweeps.experiment import Experiment
from garment_sweeps.settings.environment import StorageConfig
from garment_sweeps.study.catch_up import study_from_log
from garment_sweeps.study.claims import Claim, Claims
from garment_sweeps.study.copies import StateCopies
from garment_sweeps.study.decisions import Event, Guard, read_log, store_log
from garment_sweeps.study.hold import wait_until_free
from garment_sweeps.study.study import CLAIM, FINALS_SUFFIX, STUDY, delete_study, make_study, study_exists
from garment_uv.errors import UserError

STUDY_FIELD = "study"
"""In the `begin` events of the log: the study's identity."""


@dataclass(frozen=True)
class OpenedStudy:
    """A study of the sweep's name that is this sweep's own, and its place in the storage."""

    study: optuna.Study
    claim: Claim
    events: list[Event]
    """Of its log; none where the sweep begins."""


class StudyOpening:
    """Looks for a sweep's study, and opens or makes it. The guard is that of its lease, which the caller holds."""

    def __init__(self, database: RDBStorage, storage: StorageConfig, sweep: str, guard: Guard) -> None:
        self._database = database
        self._guard = guard
        self._storage = storage
        self._sweep = sweep
        self._claims = Claims(storage, sweep)
        self._copies = StateCopies(storage, sweep)

    def traces(self) -> list[str]:
        """What bears the sweep's name, in words; nothing for a name that is free."""
        bearers = {
            "a study": study_exists(self._database, self._sweep),
            "a decision log": bool(read_log(self._database.engine, self._sweep)),
            f"checkpoints in {self._claims.uri}": self._claims.newest() is not None or bool(self._claims.traces()),
        }
        return [what for what, bears_it in bearers.items() if bears_it]

    def find(self) -> OpenedStudy | None:
        """The sweep's study as it was left, made again where its database is lost; None where there is none.

        Raises:
            UserError: what bears the name is another study's, or all but its checkpoints is lost, or another driver
                with another database runs it.
        """
        events, claim = read_log(self._database.engine, self._sweep), self._claims.newest()
        if study_exists(self._database, self._sweep):
            study = optuna.load_study(storage=self._database, study_name=self._sweep)
            restorable = STUDY_FIELD in events[0] if events else not study.get_trials(deepcopy=False)
            if STUDY in study.user_attrs or not restorable:
                return self._own(study, claim, events)
            delete_study(self._database, self._sweep)  # cut short while it was made, or made again
        saved = max(events, self._copies.newest(), key=len)
        if saved:
            return self._restored(saved, claim)
        if self._claims.traces():
            raise UserError(
                f"{self._claims.uri} holds checkpoints of a sweep named {self._sweep!r} whose study and log are lost; "
                "give another --name, or --overwrite to remove them"
            )
        return None

    def make(self, experiment: Experiment) -> OpenedStudy:
        """A new study, in a place that nobody else has claimed."""
        claim = self._take(secrets.token_hex(8), self._claims.newest())
        study = make_study(self._database, self._sweep, experiment)
        _mark(study, claim)
        return OpenedStudy(study, claim, [])

    def clear(self) -> None:
        """Removes everything that bears the sweep's name; UserError where a driver of another database runs it."""
        wait_until_free(self._storage, self._sweep)
        for name in (self._sweep, f"{self._sweep}{FINALS_SUFFIX}"):
            delete_study(self._database, name)
        store_log(self._database.engine, self._sweep, [], self._guard)
        self._claims.clear()

    def _own(self, study: optuna.Study, claim: Claim | None, events: list[Event]) -> OpenedStudy:
        own = study.user_attrs.get(STUDY)
        if own is None and claim is None:  # of a version that gave studies no identity
            own = secrets.token_hex(8)
            study.set_user_attr(STUDY, own)
        elif claim is None and self._claims.traces():
            self._refuse("checkpoints of a sweep that is not this study's", "")
        if claim is None:
            claim = self._take(own, None)  # type: ignore[arg-type]
        if claim.study != own:
            self._refuse("another study's sweep of that name", claim.host)
        if claim.number > study.user_attrs.get(CLAIM, claim.number):
            self._refuse("this study as it was made again in another database", claim.host)
        study.set_user_attr(CLAIM, claim.number)
        return OpenedStudy(study, claim, events)

    def _restored(self, events: list[Event], before: Claim | None) -> OpenedStudy:
        identity = events[0].get(STUDY_FIELD) or (before.study if before else secrets.token_hex(8))
        if before is not None and before.study != identity:
            self._refuse("another study's sweep of that name", before.host)
        claim = self._take(identity, before)
        store_log(self._database.engine, self._sweep, events, self._guard)
        delete_study(self._database, f"{self._sweep}{FINALS_SUFFIX}")
        study = study_from_log(self._database, self._sweep, events)
        _mark(study, claim)
        message = f"garment: the study was not in its database; made again from {self._copies.uri}"
        print(message, file=sys.stderr, flush=True)
        return OpenedStudy(study, claim, events)

    def _take(self, study: str, before: Claim | None) -> Claim:
        if before is not None:
            wait_until_free(self._storage, self._sweep)
        return self._claims.take(study, before)

    def _refuse(self, what: str, host: str) -> None:
        where = f", begun on {host}" if host else ""
        raise UserError(
            f"{self._claims.uri} holds {what}{where}; give another --name, set GARMENT_STORAGE to this study's own "
            "place, or begin anew with --overwrite, which removes what is there"
        )


def _mark(study: optuna.Study, claim: Claim) -> None:
    """The identity comes last: a study without it was cut short while it was made."""
    study.set_user_attr(CLAIM, claim.number)
    study.set_user_attr(STUDY, claim.study)
