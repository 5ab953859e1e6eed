"""The loss of the study's database while no driver runs: what the next one restores must be what was lost."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from garment_sweeps.settings.environment import StorageConfig
from garment_sweeps.study.copies import StateCopies
from garment_sweeps.study.decisions import Event
from garment_sweeps.study.history import WRITER
from garment_sweeps.study.study import CLAIM, SESSIONS
from tests.chaos.audit import StudyDatabase
from tests.chaos.driver import SupervisedDriver
from tests.chaos.fields import study_fields

COPIED_WITHIN_S = 180.0
"""How long it may take until the copies hold all that the database does, once nothing new comes."""
RESTORED_WITHIN_S = 180.0
LOOK_S = 0.5
COUNTS = (f"study {SESSIONS}", f"study {CLAIM}")
"""Fields that the next driver raises by one. The random word of each trial's writer is another one, too."""
SHOWN = 12
"""Differences that are told one by one."""


@dataclass(frozen=True)
class Held:
    """Study and decision log at one moment."""

    fields: dict[str, object]
    events: list[Event]


class Loss:
    """One loss, from a quiet moment of the sweep to the restored study.

    Args:
        driver: of the sweep, started with `--hold-while HOLD`.
        study: its database.
        sweep: its name.
        storage: with its copies.
        hold: while this file is there, drivers hear of no epoch.
    """

    def __init__(
        self, driver: SupervisedDriver, study: StudyDatabase, sweep: str, storage: StorageConfig, hold: Path
    ) -> None:
        self._driver = driver
        self._study = study
        self._sweep = sweep
        self._copies = StateCopies(storage, sweep)
        self._hold = hold
        self.faults: list[str] = []

    def strike(self) -> str:
        """Does it all; says what was lost. The driver is killed once the copies are whole."""
        self._hold.touch()
        try:
            lost = self._killed_and_lost()
            if lost is None:
                return "nothing: the copies never were whole"
            restored = self._restored(len(lost.events))
        finally:
            self._hold.unlink()
        if restored is not None:
            self.faults += differences(lost, restored)
        return f"{len(lost.events)} events and {len(lost.fields)} fields of the study"

    def _killed_and_lost(self) -> Held | None:
        end = time.monotonic() + COPIED_WITHIN_S
        while time.monotonic() < end:
            if _waited(lambda: self._copied() or self._driver.done, COPIED_WITHIN_S):
                with self._driver.killed():
                    if self._copied():  # also now that nobody writes any more
                        held = self._held()
                        self._study.lose()
                        return held
        self.faults.append(f"the copies of the state were not whole for {COPIED_WITHIN_S:g} s without an epoch")
        return None

    def _restored(self, events: int) -> Held | None:
        """What the next driver has made, as soon as it begins."""
        if not _waited(lambda: len(self._events()) > events or self._driver.done, RESTORED_WITHIN_S):
            self.faults.append(f"the study was not restored within {RESTORED_WITHIN_S:g} s")
            return None
        return self._held()

    def _copied(self) -> bool:
        events = self._events()
        return bool(events) and self._copies.newest() == events

    def _events(self) -> list[Event]:
        return self._study.events(self._sweep)

    def _held(self) -> Held:
        return Held(study_fields(self._study.url, self._sweep), self._events())


def differences(lost: Held, restored: Held) -> list[str]:
    """Everything in which the restored study and log are not the lost ones; what came after them is left out."""
    faults = []
    for before, after in zip(lost.events, restored.events, strict=False):
        if before != after:
            names = sorted(k for k in before.keys() | after.keys() if before.get(k) != after.get(k))
            faults.append(f"restored log: event {before['seq']} ({before['kind']}) has another {', '.join(names)}")
    if restored.events[len(lost.events)]["kind"] != "begin":
        faults.append("restored log: the event after the lost ones is not the next driver's begin")
    expected = {name: value for name, value in lost.fields.items() if not name.endswith(WRITER)}
    expected |= {name: lost.fields[name] + 1 for name in COUNTS}
    expected |= logged_curves(lost.events)  # the log comes first: a driver can be killed before the study has it
    for name, value in expected.items():
        if name not in restored.fields or restored.fields[name] != value:
            faults.append(f"restored study: {name} is {restored.fields.get(name, 'missing')}, and was {value}")
    trials = {name.split()[1] for name in lost.fields if name.startswith("trial ")}
    known = lost.fields.keys() | expected.keys()
    new = [n for n in restored.fields if n not in known and (n.split()[1] in trials or not n.startswith("trial "))]
    faults += [f"restored study: {name} was not there before" for name in new]
    return faults if len(faults) <= SHOWN else [*faults[:SHOWN], f"restored: {len(faults) - SHOWN} more differences"]


def logged_curves(events: list[Event]) -> dict[str, float]:
    """Every epoch's value that the log tells, by the name of its field."""
    told = [event for event in events if event["kind"] == "result" and event["value"] is not None]
    return {f"trial {int(e['trial'][1:])} intermediate_values {e['epoch']}": e["value"] for e in told}


def _waited(true: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(LOOK_S)
    return True
