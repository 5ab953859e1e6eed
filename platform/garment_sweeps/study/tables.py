"""The project's own two tables beside Optuna's, in the same database: decisions and leases."""

import tenacity
from sqlalchemy import BigInteger, Column, Engine, Float, Integer, MetaData, String, Table, Text
from sqlalchemy.exc import DBAPIError

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


@tenacity.retry(
    retry=tenacity.retry_if_exception_type(DBAPIError),
    stop=tenacity.stop_after_attempt(5),
    wait=tenacity.wait_random(0.0, 0.1),
    reraise=True,
)
def make_tables(engine: Engine) -> None:
    """Makes the tables where they are missing; another process may be at it at the same moment, then it looks again."""
    _metadata.create_all(engine, checkfirst=True)
