"""Trainings of finalists with other seeds: what each is, and a study of their own that says how it stands."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import optuna
from optuna.study import StudyDirection
from optuna.trial import TrialState

from garment_sweeps.experiment import result_keys
from garment_sweeps.settings.patience import patiently
from garment_sweeps.study.history import History, Record
from garment_sweeps.study.state import SweepState, answered
from garment_sweeps.study.study import FINALS_SUFFIX, INTERRUPTED, REPEAT_MARK, study_exists

OF, REPEAT, SEED = "garment.of", "garment.repeat", "garment.seed"


@dataclass(frozen=True)
class Repeat:
    """One more training of a finalist's config, with another seed."""

    of: str
    """The finalist."""
    number: int
    """Of the finalist."""
    index: int
    """1 for the first repeat."""
    values: dict[str, Any]
    """By config path, the seed among them."""

    @property
    def name(self) -> str:
        """As 't00003.r1'."""
        return f"{self.of}{REPEAT_MARK}{self.index}"

    @property
    def seed(self) -> int:
        """Of this training."""
        return self.values["seed"]

    def trial(self) -> dict[str, Any]:
        """What the trial's process is told of itself."""
        return {"id": self.name, "number": self.number, "repeat_of": self.of, "seed": self.seed}


@dataclass(frozen=True)
class RepeatRecord:
    """How a repeat stands, by its name."""

    name: str
    of: str
    record: Record

    @property
    def state(self) -> TrialState:
        """In its study."""
        return self.record.state

    @property
    def attrs(self) -> dict[str, Any]:
        """As the study keeps them."""
        return self.record.attrs


class Repeats:
    """All repeats of a sweep that were ever begun. The study is made with the first of them."""

    def __init__(self, state: SweepState) -> None:
        self._state = state
        self._name = f"{state.study.study_name}{FINALS_SUFFIX}"
        self._history: History | None = None
        self._by_name: dict[str, RepeatRecord] = {}
        exists = partial(study_exists, state.study._storage, self._name)
        if patiently(lambda: answered(exists), goes_on=True) or _logged(state.log.read()):
            self.open()

    def open(self) -> None:
        """Opens the repeats' study, or makes it; UserError where the database stays away."""
        if self._history is None:
            self._history = self._read()
            for record in self._history.records:
                of = record.attrs[OF]
                name = f"{of}{REPEAT_MARK}{record.attrs[REPEAT]}"
                self._by_name[name] = RepeatRecord(name, of, record)
            self._complete_from(self._state.log.read())

    def known(self) -> list[RepeatRecord]:
        """In the order in which they were begun."""
        return list(self._by_name.values())

    def record(self, name: str) -> RepeatRecord | None:
        """The repeat of that name, if it was begun."""
        return self._by_name.get(name)

    def start(self, repeat: Repeat) -> RepeatRecord:
        """Notes that a repeat is given out; one that was begun before stays as it is."""
        self.open()
        known = self._by_name.get(repeat.name)
        return known or self._add(repeat.name, repeat.of, repeat.index, repeat.seed)

    def report(self, name: str, epoch: int, value: float) -> None:
        """An epoch of a repeat has its value, mm."""
        self._history.report(self._by_name[name].record.number, epoch, value)

    def end(self, name: str, state: TrialState, values: tuple[float, ...] | None, **attrs: Any) -> None:
        """A repeat has ended."""
        self._history.end(self._by_name[name].record.number, state, values, **attrs)

    def note(self, name: str, **attrs: Any) -> None:
        """Attributes of a repeat that has not ended."""
        self._history.note(self._by_name[name].record.number, **attrs)

    def values(self, of: str) -> list[float]:
        """S2S in mm of the complete repeats of a trial."""
        records = [entry.record for entry in self._by_name.values() if entry.of == of]
        return [record.values[0] for record in records if record.state == TrialState.COMPLETE]

    def _add(self, name: str, of: str, index: int, seed: int) -> RepeatRecord:
        record = self._history.start({}, {}, {OF: of, REPEAT: index, SEED: seed})
        self._by_name[name] = RepeatRecord(name, of, record)
        return self._by_name[name]

    def _read(self) -> History:
        """Behind all other writes, so that none is in its way, and patient as they are."""
        state, opened = self._state, []
        directions = [StudyDirection.MINIMIZE] * len(state.study.directions)

        def read() -> None:
            storage = state.study._storage
            study = optuna.create_study(
                storage=storage, study_name=self._name, directions=directions, load_if_exists=True
            )
            opened.append(History(study, state.journal))

        state.journal.put(read)
        while not state.journal.written(1.0):
            pass
        return opened[-1]

    def _complete_from(self, events: Iterable[dict[str, Any]]) -> None:
        """What the log knows and the study does not: the study was lost, or its last writes were."""
        for event in events:
            if event["kind"] != "repeat":
                continue
            name, entry = event["trial"], self._by_name.get(event["trial"])
            if entry is None:
                entry = self._add(name, event["of"], event["repeat"], event["seed"])
            if entry.state != TrialState.RUNNING:
                continue
            if event["what"] == "result":
                for epoch, value in (*event.get(result_keys.EARLIER, ()), (event["epoch"], event["value"])):
                    if value is not None:
                        self.report(name, epoch, value)
            elif event["what"] == "cut_short" and not entry.attrs.get(INTERRUPTED):
                self.note(name, interrupted=True)
            elif event["what"] == "end":
                values = None if event["values"] is None else tuple(event["values"])
                reason = {"reason": event["reason"]} if event.get("reason") else {}  # all that older logs have
                self.end(name, TrialState[event["state"]], values, **event.get("attrs", reason))


def _logged(events: Iterable[dict[str, Any]]) -> bool:
    return any(event["kind"] == "repeat" for event in events)
