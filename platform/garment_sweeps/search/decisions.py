"""The append-only log of a sweep: every suggestion, result, stop and promotion with its inputs."""

import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import sqlalchemy

from garment_sweeps.search.journal import DirectJournal, Journal
from garment_sweeps.search.tables import DECISIONS, make_tables
from garment_uv.errors import UserError

Event = dict[str, Any]
"""`seq`, `at` (Unix time, s), `kind`, and what belongs to that kind."""


class DecisionLog:
    """The log of one sweep, in the study's database, written through the journal.

    Args:
        engine: of the database, or None to keep the log in memory only.
    """

    def __init__(self, sweep: str, journal: Journal | DirectJournal, engine: sqlalchemy.Engine | None = None) -> None:
        self._sweep = sweep
        self._journal = journal
        self._engine = engine
        self._waiting: list[dict[str, Any]] = []
        self._events: list[Event] = []
        if engine is not None:
            make_tables(engine)
            self._events = read_log(engine, sweep)

    def append(self, kind: str, **body: Any) -> None:
        """Adds an event; `body` is of JSON types."""
        event = {"seq": len(self._events), "at": time.time(), "kind": kind, **body}
        self._events.append(event)
        if self._engine is not None:
            row = {"sweep": self._sweep, "seq": event["seq"], "at": event["at"], "body": _body(event)}
            self._waiting.append(row)
            self._journal.put(self._write)

    def read(self) -> list[Event]:
        """All events so far, in order."""
        return list(self._events)

    def adopt(self, events: Iterable[Event]) -> None:
        """Takes over the events of a log that was kept elsewhere; only for an empty one."""
        for event in events:
            self.append(event["kind"], **{k: v for k, v in event.items() if k not in ("seq", "at", "kind")})

    def _write(self) -> None:
        """Writes all rows that wait, in one transaction; later calls find nothing left."""
        rows = self._waiting[:500]
        if not rows:
            return
        with self._engine.begin() as connection:
            if self._engine.dialect.name == "postgresql":
                from sqlalchemy.dialects.postgresql import insert
            else:
                from sqlalchemy.dialects.sqlite import insert
            connection.execute(insert(DECISIONS).on_conflict_do_nothing(), rows)
        del self._waiting[: len(rows)]


def read_log(engine: sqlalchemy.Engine, sweep: str) -> list[Event]:
    """The events of a sweep from its database, in order; none where it has none."""
    make_tables(engine)
    query = sqlalchemy.select(DECISIONS).where(DECISIONS.c.sweep == sweep).order_by(DECISIONS.c.seq)
    with engine.connect() as connection:
        return [{"seq": row.seq, "at": row.at, **json.loads(row.body)} for row in connection.execute(query)]


def write_file(events: Iterable[Event], path: Path) -> None:
    """The log as JSON lines, replaced as a whole so that no reader finds half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.partial")
    with open(partial, "w") as file:
        file.writelines(json.dumps(event, separators=(",", ":")) + "\n" for event in events)
    partial.replace(path)


def read_file(path: Path) -> list[Event]:
    """The events of a log file; UserError that names the line where it is damaged."""
    events = []
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


def _body(event: Event) -> str:
    body = {k: v for k, v in event.items() if k not in ("seq", "at")}
    return json.dumps(body, separators=(",", ":"), allow_nan=False)
