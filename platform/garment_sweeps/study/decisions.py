"""The append-only log of a sweep: every suggestion, result, stop and promotion with its inputs."""

import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import sqlalchemy

from garment_sweeps.study.database import DECISIONS, make_tables
from garment_sweeps.study.journal import DirectJournal, Journal
from garment_uv import outputs
from garment_uv.errors import UserError

Event = dict[str, Any]
"""`seq`, `at` (Unix time, s), `kind`, and what belongs to that kind."""
Guard = Callable[[sqlalchemy.Connection], None]
BATCH = 500
"""Rows written in one transaction at most."""


class DecisionLog:
    """The log of one sweep, in the study's database, written through the journal.

    Args:
        engine: of the database, or None to keep the log in memory only.
        guard: called with the connection in the transaction of every write, after the rows and before the commit;
            raises UserError where another driver has taken the sweep over (see `Lease.guard`).
    """

    def __init__(
        self,
        sweep: str,
        journal: Journal | DirectJournal,
        engine: sqlalchemy.Engine | None = None,
        guard: Guard = lambda connection: None,
    ) -> None:
        self._sweep = sweep
        self._journal = journal
        self._engine = engine
        self._guard = guard
        self._waiting: list[dict[str, Any]] = []
        self._events: list[Event] = []
        if engine is not None:
            make_tables(engine)
            self._events = read_log(engine, sweep)

    def append(self, kind: str, **body: Any) -> None:
        """Adds an event; `body` is of JSON types."""
        event = {"seq": len(self._events), "at": time.time(), "kind": kind, **body}
        if self._engine is None:
            self._events.append(event)
            return
        self._waiting.append(_row(self._sweep, event))  # first, so that `stored` never tells of one that waits
        self._events.append(event)
        self._journal.put(self._write)

    def read(self) -> list[Event]:
        """All events so far, in order."""
        return list(self._events)

    def stored(self) -> list[Event]:
        """The events that the database has, in order: those that no crash of this process can lose."""
        return self._events[: len(self._events) - len(self._waiting)]

    def _write(self) -> None:
        """Writes all rows that wait, in one transaction with the guard's check; later calls find nothing left."""
        rows = self._waiting[:BATCH]
        if not rows:
            return
        try:
            with self._engine.begin() as connection:  # type: ignore[union-attr]
                connection.execute(DECISIONS.insert(), rows)
                self._guard(connection)
        except sqlalchemy.exc.IntegrityError:
            self._must_be_stored(rows)
        del self._waiting[: len(rows)]

    def _must_be_stored(self, rows: list[dict[str, Any]]) -> None:
        """UserError unless the database has these very rows, from a try whose answer was lost."""
        between = DECISIONS.c.seq.between(rows[0]["seq"], rows[-1]["seq"])
        query = DECISIONS.select().where(DECISIONS.c.sweep == self._sweep, between).order_by(DECISIONS.c.seq)
        with self._engine.begin() as connection:  # type: ignore[union-attr]
            self._guard(connection)
            stored = [dict(row) for row in connection.execute(query).mappings()]
        if stored != rows:
            raise UserError(
                f"something else writes to the decision log of sweep {self._sweep!r}: its event {rows[0]['seq']} is "
                "not this driver's; find and end the other writer, then go on with --resume"
            )


def read_log(engine: sqlalchemy.Engine, sweep: str) -> list[Event]:
    """The events of a sweep from its database, in order; none where it has none."""
    make_tables(engine)
    query = DECISIONS.select().where(DECISIONS.c.sweep == sweep).order_by(DECISIONS.c.seq)
    with engine.connect() as connection:
        return [{"seq": row.seq, "at": row.at, **json.loads(row.body)} for row in connection.execute(query)]


def store_log(engine: sqlalchemy.Engine, sweep: str, events: Iterable[Event], guard: Guard) -> None:
    """Makes these events, times and all, the sweep's log in the database, in one transaction with the guard's check."""
    make_tables(engine)
    rows = [_row(sweep, event) for event in events]
    with engine.begin() as connection:
        connection.execute(DECISIONS.delete().where(DECISIONS.c.sweep == sweep))
        for start in range(0, len(rows), BATCH):
            connection.execute(DECISIONS.insert(), rows[start : start + BATCH])
        guard(connection)


def json_lines(events: Iterable[Event]) -> str:
    """The events as the file of a log, or of a copy of it, holds them."""
    return "".join(json.dumps(event, separators=(",", ":")) + "\n" for event in events)


def write_file(events: Iterable[Event], path: Path) -> None:
    """The log as JSON lines, replaced as a whole so that no reader finds half of it."""
    outputs.write_file(path, json_lines(events))


def read_file(path: Path) -> list[Event]:
    """The events of a log file; UserError that names the line where it is damaged."""
    events: list[Event] = []
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read as a decision log: {error}") from None
    for number, line in enumerate(lines, start=1):
        try:
            event = json.loads(line)
            whole = isinstance(event, dict) and event["seq"] == len(events) and isinstance(event["kind"], str)
        except (ValueError, KeyError):
            whole = False
        if not whole:
            raise UserError(f"{path}, line {number}: no event number {len(events)} of a decision log; copy it anew")
        events.append(event)
    return events


def _row(sweep: str, event: Event) -> dict[str, Any]:
    body = {k: v for k, v in event.items() if k not in ("seq", "at")}
    text = json.dumps(body, separators=(",", ":"), allow_nan=False)
    return {"sweep": sweep, "seq": event["seq"], "at": event["at"], "body": text}
