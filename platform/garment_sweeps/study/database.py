"""The study's database: the project's own two tables in it, and which of its errors pass when it is back."""

import errno
import re
import sqlite3

import sqlalchemy
import tenacity
from optuna.exceptions import StorageInternalError
from sqlalchemy import BigInteger, Column, Engine, Float, Integer, MetaData, String, Table, Text
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, NotSupportedError, ProgrammingError

from garment_sweeps.settings.masking import first_line
from garment_uv.errors import UserError

_metadata = MetaData()

DECISIONS = Table(
    "garment_decisions",
    _metadata,
    Column("sweep", String(100), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Float, nullable=False),
    Column("body", Text, nullable=False),
)
"""One row an event of a sweep, never changed: `seq` counts from 0, `at` is Unix time in s, `body` is JSON."""

LEASES = Table(
    "garment_leases",
    _metadata,
    Column("sweep", String(100), primary_key=True),
    Column("token", Integer, nullable=False),
    Column("beat", BigInteger, nullable=False),
    Column("holder", Text, nullable=False),
)
"""One row a sweep: who drives it. `token` rises with every holder, `beat` while the holder lives; '' holds nothing."""

PASSING = (DBAPIError, sqlalchemy.exc.TimeoutError, StorageInternalError, OSError)
"""What a database that is away raises, among other things: see `passes`."""
_AT_FAULT = (ProgrammingError, IntegrityError, DataError, NotSupportedError)
"""The first of them says: no such table, or no right to write to it."""
_SQLITE_PASSING = {
    *(sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_INTERRUPT),
    *(sqlite3.SQLITE_IOERR, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_SCHEMA),
}
"""All others say that the file is full, read-only, damaged, moved, or lacks a table."""
_SQLSTATE_LASTING = ("28", "3D", "42", "53100")
"""PostgreSQL: who does not know the password, no such database, no such table or right, a full disk."""
_LASTING_TEXT = re.compile(
    r"authentication failed|no password supplied|(role|database) \"[^\"]*\" does not exist|no pg_hba\.conf entry"
)
"""In what PostgreSQL says before there is a connection, which has no SQLSTATE."""
_OS_LASTING = (errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EDQUOT)


@tenacity.retry(
    retry=tenacity.retry_if_exception_type(DBAPIError),
    stop=tenacity.stop_after_attempt(5),
    wait=tenacity.wait_random(0.0, 0.1),
    reraise=True,
)
def make_tables(engine: Engine) -> None:
    """Makes the tables where they are missing; another process may be at it at the same moment, then it looks again."""
    _metadata.create_all(engine, checkfirst=True)


def passes(error: BaseException) -> bool:
    """Whether the same write may succeed later without anybody's doing."""
    if isinstance(error, StorageInternalError) and error.__cause__ is not None:
        return passes(error.__cause__)
    if not isinstance(error, PASSING) or isinstance(error, _AT_FAULT):
        return False
    if isinstance(error, OSError):
        return error.errno not in _OS_LASTING
    original = getattr(error, "orig", None)
    if (code := getattr(original, "sqlite_errorcode", None)) is not None:
        return code & 0xFF in _SQLITE_PASSING  # above these bits SQLite says more of the same
    if (state := getattr(original, "pgcode", None)) is not None:
        return not state.startswith(_SQLSTATE_LASTING)
    return _LASTING_TEXT.search(str(error)) is None


def sentence(error: BaseException) -> str:
    """An error of the database in one line."""
    if isinstance(error, UserError):
        return str(error)
    reason = first_line(getattr(error, "orig", None) or error.__cause__ or error)
    if passes(error) or not isinstance(error, PASSING):
        return f"the study's database does not answer ({reason})"
    return f"the study's database refuses what is written ({reason}); mend that and go on with --resume"
