"""One driver a sweep, by a lease in the database."""

import json
import signal
import subprocess
import sys
import threading
import time

import pytest
import sqlalchemy

from garment_sweeps.study import lease as module
from garment_sweeps.study.database import LEASES
from garment_sweeps.study.lease import sweep_lease
from garment_sweeps.study.study import open_storage
from garment_uv.errors import UserError

HOLDER = """
import sys, time
from garment_sweeps.study import lease
from garment_sweeps.study.lease import sweep_lease
from garment_sweeps.study.study import open_storage
lease.BEAT_S = float(sys.argv[2])
with sweep_lease(open_storage(sys.argv[1]).engine, "s"):
    print("held", flush=True)
    time.sleep(3600)
"""
SECONDS = 600


@pytest.fixture
def url(tmp_path) -> str:
    return f"sqlite:///{tmp_path}/optuna.db"


@pytest.fixture
def engine(url) -> sqlalchemy.Engine:
    return open_storage(url).engine


def held(url: str, beat_s: float):
    """A process that holds the lease until it is killed."""
    command = [sys.executable, "-c", HOLDER, url, str(beat_s)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def holder(url, engine):
    yield from held(url, module.BEAT_S)


@pytest.fixture
def silent_holder(url, engine):
    """One that gives no sign of life."""
    yield from held(url, 3600.0)


@pytest.fixture
def patient(monkeypatch):
    """A living holder's next beat is waited for, however slow the machine."""
    monkeypatch.setattr(module, "LAPSE_S", SECONDS)


class Clock:
    """In place of `time`: only sleeping takes any."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def elsewhere(engine) -> None:
    """Makes the holder one of another machine, whose processes cannot be looked at from here."""
    with engine.begin() as connection:
        row = connection.execute(LEASES.select()).one()
        holder = json.dumps({**json.loads(row.holder), "host": "far"})
        connection.execute(LEASES.update().values(holder=holder))


def test_a_second_driver_is_refused_and_told_who_holds_it(engine, holder, patient):
    with pytest.raises(UserError, match=f"is being run by process {holder.pid} on"), sweep_lease(engine, "s"):
        pass
    with sweep_lease(engine, "another"):
        pass


def test_a_killed_holder_of_this_machine_need_not_be_waited_for(engine, holder):
    holder.kill()
    holder.wait()
    with sweep_lease(engine, "s") as lease:
        lease.check()


def test_a_dead_holder_of_another_machine_is_waited_for_until_its_lease_lapses(engine, holder, monkeypatch):
    holder.kill()
    holder.wait()
    elsewhere(engine)
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    with sweep_lease(engine, "s"):
        assert module.LAPSE_S <= clock.now <= module.LAPSE_S + module.BEAT_S


def test_a_living_holder_of_another_machine_is_recognised_by_its_beat(engine, holder, patient):
    elsewhere(engine)
    with pytest.raises(UserError, match="on far"), sweep_lease(engine, "s"):
        pass


def test_a_holder_that_stood_still_must_not_write_once_it_was_taken_over(engine, holder, monkeypatch):
    monkeypatch.setattr(module, "LAPSE_S", 3.0)
    monkeypatch.setattr(module, "BEAT_S", 0.1)
    with sweep_lease(engine, "mine") as mine:
        mine._ended.set()  # as if the process were stopped: no more beats
        mine._thread.join()
        elsewhere_only_mine(engine)
        with sweep_lease(engine, "mine"), pytest.raises(UserError, match="taken over by process"):
            time.sleep(0.2)
            mine.check()


def test_a_holder_with_nothing_to_write_hears_that_it_was_taken_over(engine, monkeypatch):
    monkeypatch.setattr(module, "BEAT_S", 0.1)
    with sweep_lease(engine, "mine") as mine:
        with engine.begin() as connection:  # as after a freeze for longer than the lease
            connection.execute(LEASES.update().values(token=LEASES.c.token + 1))
        end = time.monotonic() + SECONDS
        while not mine.lost and time.monotonic() < end:
            time.sleep(0.05)
        assert mine.taken_over and "was taken over by process" in mine.lost


def elsewhere_only_mine(engine) -> None:
    with engine.begin() as connection:
        mine = LEASES.c.sweep == "mine"
        row = connection.execute(LEASES.select().where(mine)).one()
        changed = json.dumps({**json.loads(row.holder), "host": "far"})
        connection.execute(LEASES.update().where(mine).values(holder=changed))


def test_a_stopped_process_is_taken_for_alive_on_its_own_machine(engine, silent_holder, monkeypatch):
    """Its lease lapses, as it would elsewhere, since it gives no sign of life."""
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    silent_holder.send_signal(signal.SIGSTOP)
    with sweep_lease(engine, "s") as lease:
        lease.check()
    assert clock.now >= module.LAPSE_S
    silent_holder.send_signal(signal.SIGCONT)


def test_of_many_that_want_it_at_once_one_gets_it(url, patient):
    open_storage(url)
    held, refused, end = [], [], time.monotonic() + SECONDS

    def want() -> None:
        try:
            with sweep_lease(open_storage(url).engine, "s"):
                held.append(1)
                while len(held) + len(refused) < 4 and time.monotonic() < end:
                    time.sleep(0.1)
        except UserError:
            refused.append(1)

    threads = [threading.Thread(target=want) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(held), len(refused)) == (1, 3)
