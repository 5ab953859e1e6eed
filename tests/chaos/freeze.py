"""A driver that stands still for longer than its lease: another takes the sweep over, and the first must not write."""

import time
from collections.abc import Callable

from garment_sweeps.study.database import DECISIONS
from tests.chaos.audit import StudyDatabase
from tests.chaos.driver import Ended, FrozenDriver, SupervisedDriver
from tests.chaos.plan import IN_A_WRITE, WORKERS_LOST
from tests.chaos.stage import Stage

WRITE_WITHIN_S = 20.0
"""How long a write of the driver is waited for, to stop it in the middle of one."""
TAKEN_WITHIN_S = 300.0
"""How long the next driver may take until it writes, from its start: it has to wait for the lease first."""
LOOK_S = 0.05


class Freeze:
    """One freeze, from SIGSTOP to the frozen driver's end.

    Args:
        driver: of the sweep.
        stage: that it runs on.
        sweep: its name.
    """

    def __init__(self, driver: SupervisedDriver, stage: Stage, sweep: str) -> None:
        self._driver = driver
        self._stage = stage
        self._study: StudyDatabase = stage.parts.study
        self._sweep = sweep
        self._tracking = stage.parts.tracking
        self.faults: list[str] = []

    def strike(self, how: str, longer_s: float) -> str:
        """Does it all; says to whom.

        Args:
            how: as in `plan.FREEZES`.
            longer_s: how long it stands still after another has taken the sweep over.
        """
        frozen = self._stopped(in_a_write=how in IN_A_WRITE)
        if frozen is None:
            return "nobody: the sweep had ended"
        name = frozen.driver.name
        if how in WORKERS_LOST:
            self._stage.kill_workers()
        if not _within(TAKEN_WITHIN_S, lambda: self._taken_over(name)):
            self.faults.append(f"{name} stood still, and nobody could take the sweep over for {TAKEN_WITHIN_S:g} s")
        time.sleep(longer_s)
        if not frozen.stands_still:
            self.faults.append(f"{name} was stopped and went on by itself")
        written, told = self._written(name)
        end = frozen.go_on()
        late, late_told = self._written(name)
        self.faults += [f"{name} was taken over and then wrote: {write}" for write in late if write not in written]
        self.faults += [f"{name} was taken over and then told MLflow: {each}" for each in late_told[len(told) :]]
        self.faults += _faults_of_end(name, end)
        return f"{name}, process {frozen.driver.process.pid}, {how}"

    def _stopped(self, in_a_write: bool) -> FrozenDriver | None:
        """The driver, once it holds the lease; in the middle of a write where it makes one in time."""
        while not self._driver.done:
            if not _within(TAKEN_WITHIN_S, lambda: self._driver.done or self._holds()):
                self.faults.append(f"{self._driver.name} did not get the lease for {TAKEN_WITHIN_S:g} s")
            if not in_a_write:
                frozen = self._driver.freeze()
            else:
                with self._study.no_decisions():
                    _within(WRITE_WITHIN_S, lambda: self._study.held_up(self._driver.name))
                    frozen = self._driver.freeze()
            if frozen is not None:
                return frozen
        return None

    def _holds(self) -> bool:
        return self._study.holder(self._sweep) == self._driver.pid

    def _taken_over(self, frozen: str) -> bool:
        """Whether a driver after that one holds the sweep and writes; right after a freeze there is none yet."""
        newest = self._driver.name
        others = newest != frozen and self._holds() and self._study.has_written(newest, DECISIONS.name)
        return self._driver.done or others

    def _written(self, name: str) -> tuple[list, list]:
        told = self._tracking.changes_by(name) if self._tracking else []
        return self._study.writes_of(name), told


def _faults_of_end(name: str, end: Ended | None) -> list[str]:
    """What is wrong with how a driver ended that had lost its sweep: it must say so in its last line, and fail.

    Before that there may be what Ray says of its trials.
    """
    if end is None:
        return [f"{name} was taken over and did not end"]
    lines = end.said.splitlines()
    if end.status <= 0:
        return [f"{name} was taken over and ended with status {end.status}: {lines[-1:]}"]
    ours = [line for line in lines if line.startswith("garment:")]
    if ours != lines[-1:] or "was taken over by" not in lines[-1]:
        return [f"{name} was taken over and did not say so in one line: {end.said[-1500:]!r}"]
    return []


def _within(seconds: float, true: Callable[[], bool]) -> bool:
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(LOOK_S)
    return True
