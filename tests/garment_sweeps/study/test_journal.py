"""Writes behind the driver's back: in order, again after failures, and never past a lost lease."""

import errno
import sqlite3
import threading
from pathlib import Path

import pytest
import sqlalchemy
from optuna.exceptions import StorageInternalError

from garment_sweeps.study.database import passes
from garment_sweeps.study.journal import Journal
from garment_uv.errors import UserError


def away() -> sqlalchemy.exc.OperationalError:
    return sqlalchemy.exc.OperationalError("select 1", {}, sqlite3.OperationalError("connection refused"))


def test_writes_keep_their_order_while_the_database_comes_and_goes():
    written, refusals = [], iter([True, True, False, True, False, False] + [False] * 20)

    def write(number: int):
        def attempt() -> None:
            if next(refusals):
                raise away()
            written.append(number)

        return attempt

    journal = Journal()
    for number in range(10):
        journal.put(write(number))
    journal.close()
    assert written == list(range(10))


def test_a_database_that_stays_away_is_said_in_one_line():
    journal = Journal(patience_s=0.3)

    def refuse() -> None:
        raise away()

    journal.put(refuse)
    with pytest.raises(UserError, match="does not answer .connection refused") as caught:
        journal.close()
    assert "\n" not in str(caught.value)
    assert journal.failure


def test_written_says_whether_all_has_arrived_and_does_not_wait_longer_than_told():
    go = threading.Event()
    journal = Journal()
    journal.put(go.wait)
    assert not journal.written(0.05)
    go.set()
    assert journal.written(60.0)
    journal.close()


def test_nothing_is_written_once_the_lease_is_lost():
    written, lost = [], []

    def fence() -> None:
        if lost:
            raise UserError("taken over by process 7")

    journal = Journal(fence)
    journal.put(lambda: written.append(1))
    assert journal.written(60.0)
    lost.append(True)
    journal.put(lambda: written.append(2))
    with pytest.raises(UserError, match="taken over"):
        journal.close()
    assert written == [1]


def test_a_fault_of_the_code_is_not_taken_for_an_absent_database():
    journal = Journal()
    journal.put(lambda: {}["missing"])
    with pytest.raises(UserError, match="missing"):
        journal.close()


def read_only_file(folder: Path) -> str:
    (folder / "study.db").chmod(0o400)
    return f"sqlite:///file:{folder / 'study.db'}?mode=ro&uri=true"


def full_disk(folder: Path) -> str:
    return f"sqlite:///{folder / 'study.db'}"  # of two pages: the writer asks for them


def lost_table(folder: Path) -> str:
    (folder / "study.db").unlink()
    return f"sqlite:///{folder / 'study.db'}"


def damaged_file(folder: Path) -> str:
    (folder / "study.db").write_bytes(b"no database" * 1000)
    return f"sqlite:///{folder / 'study.db'}"


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (read_only_file, "readonly database"),
        (full_disk, "full"),
        (lost_table, "no such table"),
        (damaged_file, "not a database"),
    ],
)
def test_what_a_real_database_refuses_for_good_is_said_at_once(tmp_path, trouble, said):
    engine = sqlalchemy.create_engine(f"sqlite:///{tmp_path / 'study.db'}")
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("CREATE TABLE events (body TEXT)"))
    engine.dispose()
    engine = sqlalchemy.create_engine(trouble(tmp_path))
    tries = []

    def write() -> None:
        tries.append(1)
        with engine.begin() as connection:
            if trouble is full_disk:
                connection.execute(sqlalchemy.text("PRAGMA max_page_count = 2"))
            body = {"body": "x" * 100_000}
            connection.execute(sqlalchemy.text("INSERT INTO events VALUES (:body)"), body)

    journal = Journal()
    journal.put(write)
    with pytest.raises(UserError, match=f"refuses what is written .*{said}.*; mend that and go on") as caught:
        journal.close()
    assert tries == [1] and "\n" not in str(caught.value)
    engine.dispose()


class Said(Exception):
    """What psycopg2 raises, with PostgreSQL's SQLSTATE."""

    def __init__(self, text: str, pgcode: str | None = None) -> None:
        super().__init__(text)
        self.pgcode = pgcode


@pytest.mark.parametrize(
    ("kind", "said", "later"),
    [
        ("OperationalError", Said('FATAL:  password authentication failed for user "me"'), False),
        ("OperationalError", Said("fe_sendauth: no password supplied"), False),
        ("OperationalError", Said('FATAL:  database "studies" does not exist'), False),
        ("OperationalError", Said("could not extend file: No space left on device", "53100"), False),
        ("ProgrammingError", Said("permission denied for table events", "42501"), False),
        ("DataError", Said("value too long for type character varying(2048)", "22001"), False),
        ("IntegrityError", Said("duplicate key", "23505"), False),
        ("OperationalError", Said("connection to server failed: Connection refused"), True),
        ("OperationalError", Said("FATAL:  the database system is starting up", "57P03"), True),
        ("OperationalError", Said("FATAL:  sorry, too many clients already"), True),
        ("OperationalError", Said("deadlock detected", "40P01"), True),
        ("OperationalError", Said("cannot execute INSERT in a read-only transaction", "25006"), True),
        ("DatabaseError", Said("server closed the connection unexpectedly"), True),
        ("InterfaceError", Said("connection already closed"), True),
    ],
)
def test_what_postgresql_says_is_told_apart(kind, said, later):
    error = getattr(sqlalchemy.exc, kind)("INSERT", {}, said)
    assert passes(error) is later
    wrapped = StorageInternalError("An exception is raised during the commit.")
    wrapped.__cause__ = error
    assert passes(wrapped) is later


@pytest.mark.parametrize(("number", "later"), [(errno.ENOSPC, False), (errno.EROFS, False), (errno.ECONNRESET, True)])
def test_errors_of_the_system_are_told_apart_too(number, later):
    assert passes(OSError(number, "x")) is later
