"""Writes behind the driver's back: in order, again after failures, and never past a lost lease."""

import sqlite3
import threading

import pytest
import sqlalchemy

from garment_sweeps.search.journal import Journal
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
