"""Trainings of finalists with other seeds: what each is, and a study of their own that says how it stands."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import optuna
from optuna.trial import TrialState

from garment_sweeps.experiment import result_keys
from garment_sweeps.settings.patience import patiently
from garment_sweeps.study.decisions import Event
from garment_sweeps.study.history import OF, REPEAT, History, Record
from garment_sweeps.study.state import SweepState, answered
from garment_sweeps.study.study import FINALS_SUFFIX, INTERRUPTED, repeat_name, study_exists

SEED = "garment.seed"


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
        return repeat_name(self.of, self.index)

    @property
    def seed(self) -> int:
        """Of this training."""
        return self.values["seed"]

    def trial(self) -> dict[str, Any]:
        """What the trial's process is told of itself."""
        return {"id": self.name, "number": self.number, "repeat_of": self.of, "seed": self.seed}


class Repeats:
    """All repeats of a sweep that were ever begun. The study is made with the first of them."""

    def __init__(self, state: SweepState) -> None:
        self._state = state
        self._name = f"{state.study.study_name}{FINALS_SUFFIX}"
        self._history: History | None = None
        self._by_name: dict[str, Record] = {}
        exists = partial(study_exists, state.study._storage, self._name)
        logged = any(event["kind"] == "repeat" for event in state.log.read())
        if patiently(lambda: answered(exists), goes_on=True) or logged:
            self.open()

    def open(self) -> History:
        """The repeats' study, made where it is missing; UserError where the database stays away."""
        if self._history is None:
            self._history = self._read()
            self._by_name = {record.name: record for record in self._history.records}
            self._complete_from(self._state.log.read(), self._history)
        return self._history

    def known(self) -> list[Record]:
        """In the order in which they were begun."""
        return list(self._by_name.values())

    def record(self, name: str) -> Record | None:
        """The repeat of that name, if it was begun."""
        return self._by_name.get(name)

    def begun(self, repeat: Repeat) -> Record:
        """The repeat in its study, begun where it was not."""
        history = self.open()
        return self._by_name.get(repeat.name) or self._add(history, repeat.of, repeat.index, repeat.seed)

    def values(self, of: str) -> list[float]:
        """S2S in mm of the complete repeats of a trial."""
        return [record.values[0] for record in self.known() if record.attrs[OF] == of and record.values]

    def _add(self, history: History, of: str, index: int, seed: int) -> Record:
        record = history.start({}, {}, {OF: of, REPEAT: index, SEED: seed})
        self._by_name[record.name] = record
        return record

    def _read(self) -> History:
        """Behind all other writes, so that none is in its way, and patient as they are."""
        study, journal, opened = self._state.study, self._state.journal, []
        make = partial(optuna.create_study, storage=study._storage, study_name=self._name, load_if_exists=True)
        journal.put(lambda: opened.append(History(make(directions=study.directions), journal)))
        while not journal.written(1.0):
            pass
        return opened[-1]

    def _complete_from(self, events: Iterable[Event], history: History) -> None:
        """What the log knows and the study does not: the study was lost, or its last writes were."""
        for event in (event for event in events if event["kind"] == "repeat"):
            record = self._by_name.get(event["trial"])
            if record is None:
                record = self._add(history, event["of"], event["repeat"], event["seed"])
            if record.state != TrialState.RUNNING:
                continue
            if event["what"] == "result":
                for epoch, value in (*event.get(result_keys.EARLIER, ()), (event["epoch"], event["value"])):
                    if value is not None:
                        history.report(record.number, epoch, value)
            elif event["what"] == "cut_short" and not record.attrs.get(INTERRUPTED):
                history.note(record.number, interrupted=True)
            elif event["what"] == "end":
                values = None if event["values"] is None else tuple(event["values"])
                reason = {"reason": event["reason"]} if event.get("reason") else {}  # all that older logs have
                history.end(record.number, TrialState[event["state"]], values, **event.get("attrs", reason))
