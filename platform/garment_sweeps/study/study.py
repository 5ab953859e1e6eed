"""The study of a sweep: the one record of what was asked and answered, in SQLite or PostgreSQL."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import optuna
from optuna.storages import BaseStorage, RDBStorage
from optuna.study import StudyDirection

from garment_sweeps.experiment import Experiment
from garment_sweeps.settings.masking import first_line
from garment_sweeps.settings.urls import without_login
from garment_uv.errors import Unreachable, UserError

if TYPE_CHECKING:
    import sqlalchemy

EXPERIMENT_DIGEST = "garment.experiment_digest"
STUDY = "garment.study"
"""The study's identity: random, made with it, and set last of all that makes it whole."""
CLAIM = "garment.claim"
"""Number of the claim on the sweep's place in the storage with which this database's copy of the study was made."""
REPEAT_MARK = ".r"
"""What tells the name of a finalist's repeat, 't00003.r1', from a trial's own."""
FINALS_SUFFIX = "#finals"
"""Ends the name of the study of a sweep's repeats; no sweep's name holds a '#'."""
SESSIONS = "garment.sessions"
"""How often the sweep was started; part of the folder names of its trials."""
INTERRUPTED = "garment.interrupted"
REASON = "garment.reason"
STALLED_S = 8.0
"""PostgreSQL ends a transaction in which nothing was asked for so long, and with it the session."""


def open_storage(url: str) -> RDBStorage:
    """The database of all studies; UserError where it cannot be reached."""
    import sqlalchemy

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    local = url.startswith("sqlite:///")
    if url.startswith("postgresql://"):  # which SQLAlchemy takes for another driver than the one that is installed
        url = url.replace("postgresql://", "postgresql+psycopg2://", 1)
    arguments = {"connect_args": {"timeout": 60}} if local else {"pool_pre_ping": True}
    try:
        if local:
            Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
        storage = RDBStorage(url, engine_kwargs=arguments)
        sqlalchemy.event.listen(storage.engine, "connect", _write_ahead if local else _end_stalled)
        storage.engine.dispose()
        return storage
    except (OSError, sqlalchemy.exc.SQLAlchemyError, optuna.exceptions.StorageInternalError) as error:
        reason = first_line(getattr(error, "orig", None) or error, 1000)
        kind = UserError if local else Unreachable
        raise kind(
            f"the study database {without_login(url)} does not open ({reason}); see GARMENT_OPTUNA_STORAGE"
        ) from None
    except ImportError as error:
        raise UserError(f"the study database {without_login(url)} needs a driver: pip install {error.name}") from None


def _write_ahead(connection: Any, record: object) -> None:
    """SQLite's write-ahead log: as safe against killed processes, and several times faster an epoch."""
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL"):
        connection.execute(f"PRAGMA {pragma}")


def _end_stalled(connection: Any, record: object) -> None:
    """A driver that stands still in the middle of a write must not keep its locks: whoever takes over would wait."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET idle_in_transaction_session_timeout = {round(1000 * STALLED_S)}")
    connection.commit()


def guard_writes(storage: RDBStorage, guard: Callable[["sqlalchemy.Connection"], None]) -> None:
    """Has `guard` called before the commit of every transaction in which Optuna writes to this storage.

    What it raises rolls that back: a driver that was taken over writes nothing any more, however late it wakes.
    """
    import sqlalchemy

    def before_commit(session: "sqlalchemy.orm.Session") -> None:
        session.flush()
        guard(session.connection())

    sqlalchemy.event.listen(storage.scoped_session, "before_commit", before_commit)


def study_exists(storage: BaseStorage, name: str) -> bool:
    """Whether a sweep of that name was started before."""
    return name in optuna.get_all_study_names(storage)


def make_study(storage: BaseStorage | None, name: str | None, experiment: Experiment) -> optuna.Study:
    """A new study named as the sweep, with an objective for each of the experiment's; in memory without a storage."""
    directions = [StudyDirection.MINIMIZE] * (1 + len(experiment.also_minimise))
    study = optuna.create_study(storage=storage, study_name=name, directions=directions)
    study.set_user_attr(EXPERIMENT_DIGEST, search_digest(experiment))
    return study


def delete_study(storage: BaseStorage, name: str) -> None:
    """Removes a study with its trials; one that is not there is no error."""
    if study_exists(storage, name):
        optuna.delete_study(storage=storage, study_name=name)


def search_digest(experiment: Experiment) -> str:
    """Digest of what must not change while a sweep goes on; trials, resources and the like may."""
    free = {"trials": 1, "max_concurrent": 0, "checkpoint_every": 1, "description": "", "finals": {}}
    place = {"resources.cpus": 1.0, "resources.gpus": 0.0, "base.training.processes": 1}
    return experiment.with_values({**free, **place}).digest()


def trial_name(number: int) -> str:
    """The trial's identifier in folders, tags and pages."""
    return f"t{number:05d}"


def repeat_name(of: str, index: int) -> str:
    """That of the finalist's repeat of this index, 1 for the first."""
    return f"{of}{REPEAT_MARK}{index}"


def names_repeat(name: str) -> bool:
    """Whether a trial's name is that of a finalist's repeat."""
    return REPEAT_MARK in name


def base_values(experiment: Experiment) -> list[dict[str, Any]]:
    """The base config as the space encodes it, in a list to be planned; empty where it lies outside the space."""
    if not experiment.try_base:
        return []
    try:
        values = experiment.space.encode({}, experiment.base.flat())
    except ValueError:
        return []
    return [values] if values else []
