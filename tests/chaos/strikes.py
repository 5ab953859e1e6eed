"""What each planned blow does to a sweep, and what must hold at once after it."""

import time
from dataclasses import dataclass
from pathlib import Path

from garment_sweeps.settings.environment import Settings
from tests.chaos.driver import SupervisedDriver
from tests.chaos.freeze import Freeze
from tests.chaos.loss import Loss
from tests.chaos.plan import FREEZE, FREEZES, LOSS, Kill
from tests.chaos.progress import Progress
from tests.chaos.stage import Stage


@dataclass(frozen=True)
class Blow:
    """A kill, freeze or loss that was done."""

    kill: Kill
    at: float
    """Unix time, s."""
    whom: str
    epochs: int
    """Reported by the whole sweep until then."""


class Strikes:
    """Strikes at one sweep.

    Args:
        stage: that it runs on.
        driver: of the sweep.
        progress: of the sweep.
        sweep: its name.
        hold: while this file is there, drivers hear of no epoch.
    """

    def __init__(self, stage: Stage, driver: SupervisedDriver, progress: Progress, sweep: str, hold: Path) -> None:
        self._stage = stage
        self._driver = driver
        self._progress = progress
        self._sweep = sweep
        self._hold = hold
        self.faults: list[str] = []
        """What was wrong right after a blow."""

    def strike(self, kill: Kill) -> Blow:
        """Does it; returns once it is done, not once the sweep has recovered."""
        strikes = {"driver": self._kill_driver, FREEZE: self._freeze, LOSS: self._lose}
        whom = strikes.get(kill.victim, self._kill_part)(kill)
        return Blow(kill, time.time(), whom, self._progress.now())

    def _kill_driver(self, kill: Kill) -> str:
        while (pid := self._driver.kill()) is None and not self._driver.done:
            time.sleep(0.05)
        return f"process {pid}"

    def _kill_part(self, kill: Kill) -> str:
        return self._stage.kill(kill.victim, kill.pick, kill.down_s)

    def _freeze(self, kill: Kill) -> str:
        self._stage.settle()
        freeze = Freeze(self._driver, self._stage, self._sweep)
        whom = freeze.strike(FREEZES[int(kill.pick * len(FREEZES))], kill.down_s)
        self._note(kill, freeze.faults)
        return whom

    def _lose(self, kill: Kill) -> str:
        self._stage.settle()
        storage = Settings.from_environment().storage
        loss = Loss(self._driver, self._stage.parts.study, self._sweep, storage, self._hold)
        whom = loss.strike()
        self._note(kill, loss.faults)
        return whom

    def _note(self, kill: Kill, faults: list[str]) -> None:
        self.faults += [f"{kill.victim} {kill.number}: {fault}" for fault in faults]
