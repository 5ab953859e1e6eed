"""One driver a sweep, wherever it runs: a lease in the study's database that its holder keeps alive."""

import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import sqlalchemy

from garment_sweeps.study.database import LEASES, PASSING, make_tables
from garment_uv.errors import UserError

BEAT_S = 2.0
"""Seconds between a holder's signs of life."""
LAPSE_S = 12.0
"""A lease whose holder gave no sign of life for so long, as seen by who wants it, is taken over."""


class Lease:
    """The right to drive a sweep. `guard` and `check` fail once somebody else has it: then nothing more may be written.

    Clocks are not compared: a lease has lapsed when it was watched for `LAPSE_S` and its beat stood still. A holder
    on this machine whose process is gone need not be waited for.
    """

    def __init__(self, engine: sqlalchemy.Engine, sweep: str, token: int) -> None:
        self._engine = engine
        self._sweep = sweep
        self._token = token
        self._mine = (LEASES.c.sweep == sweep) & (LEASES.c.token == token)
        self._holder = this_process()
        self._ended = threading.Event()
        self._checked = time.monotonic()
        self.lost = ""
        """Why this driver may write nothing more, as far as it was seen; empty while it may."""
        self.taken_over = False
        """Whether another driver was seen to hold the sweep."""
        self._thread = threading.Thread(target=self._beat, name="lease", daemon=True)
        self._thread.start()

    def guard(self, connection: sqlalchemy.Connection) -> None:
        """To be called in the transaction of a write, after the write: UserError where another driver has the sweep.

        Until the transaction ends nobody can take the lease: PostgreSQL locks its row, SQLite the whole file, which is
        why the write comes first.
        """
        self._judge(connection.execute(_of(self._sweep).with_for_update()).one_or_none())

    def check(self) -> None:
        """As `guard`, for what is written elsewhere than to the database, which is asked at most once a beat."""
        if not self.lost and time.monotonic() - self._checked >= BEAT_S:
            self._checked = time.monotonic()
            with self._engine.connect() as connection:
                row = connection.execute(_of(self._sweep)).one_or_none()
            self._judge(row)
        if self.lost:
            raise UserError(self.lost)

    def release(self) -> None:
        """Lets go, so that the next driver need not wait."""
        self._ended.set()
        self._thread.join()
        try:
            with self._engine.begin() as connection:
                connection.execute(LEASES.update().where(self._mine).values(holder=""))
        except PASSING:
            pass  # it lapses by itself

    def _judge(self, row: sqlalchemy.Row | None) -> None:
        if row is None:
            self.lost = f"the lease of sweep {self._sweep!r} is gone from the study's database; go on with --resume"
        elif (row.token, row.holder) != (self._token, self._holder):  # a database made anew counts tokens from 1
            self.taken_over = True
            who = holder_words(row.holder)
            self.lost = f"sweep {self._sweep!r} was taken over by {who}, since this driver gave no sign of life"
        if self.lost:
            raise UserError(self.lost)

    def _beat(self) -> None:
        while not self._ended.wait(BEAT_S):
            try:
                with self._engine.begin() as connection:
                    beaten = connection.execute(LEASES.update().where(self._mine).values(beat=LEASES.c.beat + 1))
                    if not beaten.rowcount:
                        self.guard(connection)
            except UserError:
                return  # who has nothing to write hears of it from `lost`
            except PASSING:
                pass  # the database is away, so nobody can take the lease either


def take_lease(engine: sqlalchemy.Engine, sweep: str) -> Lease:
    """The sweep's lease, held, once it is free, dead or lapsed; UserError that says who holds it and is alive."""
    make_tables(engine)
    seen, since = None, time.monotonic()
    while True:
        with engine.connect() as connection:
            row = connection.execute(_of(sweep)).one_or_none()
        if row is not None and may_live(row.holder):
            if seen is not None and (row.token, row.beat) != seen:
                raise UserError(
                    f"sweep {sweep!r} is being run by {holder_words(row.holder)}; wait for it or end that process first"
                )
            if time.monotonic() - since < LAPSE_S:
                seen = (row.token, row.beat)
                time.sleep(0.25)
                continue
        token = _grasp(engine, sweep, row)
        if token is not None:
            return Lease(engine, sweep, token)
        seen, since = None, time.monotonic()  # another one was faster


@contextmanager
def sweep_lease(engine: sqlalchemy.Engine, sweep: str) -> Iterator[Lease]:
    """Holds the sweep while inside (see `take_lease`)."""
    lease = take_lease(engine, sweep)
    try:
        yield lease
    finally:
        lease.release()


def _of(sweep: str) -> sqlalchemy.Select:
    return LEASES.select().where(LEASES.c.sweep == sweep)


def _grasp(engine: sqlalchemy.Engine, sweep: str, row: sqlalchemy.Row | None) -> int | None:
    """The new token, or None where the row has changed meanwhile."""
    mine = {"holder": this_process(), "beat": 0}
    try:
        with engine.begin() as connection:
            if row is None:
                connection.execute(LEASES.insert().values(sweep=sweep, token=1, **mine))
                return 1
            same = (LEASES.c.sweep == sweep) & (LEASES.c.token == row.token) & (LEASES.c.beat == row.beat)
            changed = connection.execute(LEASES.update().where(same).values(token=row.token + 1, **mine))
            return row.token + 1 if changed.rowcount == 1 else None
    except sqlalchemy.exc.IntegrityError:
        return None


def this_process() -> str:
    """This process as JSON text, so that others can tell whether it may still live."""
    process = psutil.Process()
    return json.dumps({"pid": process.pid, "born": process.create_time(), "host": socket.gethostname(), **_machine()})


def may_live(holder: str) -> bool:
    """Whether the holder may live: False for nobody, and for a process of this machine that is gone."""
    if not holder:
        return False
    who = json.loads(holder)
    if who["host"] != socket.gethostname() or any(who[name] != value for name, value in _machine().items()):
        return True
    try:
        return abs(psutil.Process(who["pid"]).create_time() - who["born"]) < 1
    except psutil.NoSuchProcess:
        return False


def holder_words(holder: str) -> str:
    """The holder in a message."""
    if not holder:
        return "another driver that has ended since"
    who = json.loads(holder)
    return f"process {who['pid']} on {who['host']}"


def _machine() -> dict[str, str]:
    """What tells this machine and container from others of the same name; process ids mean nothing elsewhere."""
    boot, space = Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/ns/pid")
    return {
        "boot": boot.read_text().strip() if boot.exists() else "",
        "space": os.readlink(space) if space.exists() else "",
    }
