"""A sweep's trials in the driver's memory, and every change of them on its way into the study's database."""

import secrets
from dataclasses import dataclass, field
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState, create_trial

from garment_sweeps.study.journal import DirectJournal, Journal
from garment_sweeps.study.study import trial_name
from garment_uv.errors import UserError

WRITER = "garment.writer"
"""Attribute of every trial: a random word of the driver that made it."""


@dataclass
class Record:
    """One trial as the study holds it."""

    number: int
    params: dict[str, Any]
    """As Optuna stores them."""
    distributions: dict[str, BaseDistribution]
    state: TrialState = TrialState.RUNNING
    curve: dict[int, float] = field(default_factory=dict)
    """Epoch to S2S, mm."""
    values: tuple[float, ...] | None = None
    """Final values of all objectives; of complete trials only."""
    attrs: dict[str, Any] = field(default_factory=dict)
    system_attrs: dict[str, Any] = field(default_factory=dict)
    """Optuna's samplers' own notes."""

    @property
    def name(self) -> str:
        """The trial's name, as 't00003'."""
        return trial_name(self.number)


class History:
    """All trials of a study. One driver writes it at a time, so it is read from the database only once.

    Args:
        study: of the sweep, whatever its storage.
        journal: takes the writes.
    """

    def __init__(self, study: optuna.Study, journal: Journal | DirectJournal) -> None:
        self.study = study
        self._journal = journal
        self._writer = secrets.token_hex(4)
        self._storage = _raw(study._storage)
        frozen = [t for t in study.get_trials(deepcopy=False) if t.state != TrialState.WAITING]
        self.records = [_record(trial) for trial in frozen]
        self._ids: list[Any] = [trial._trial_id for trial in frozen]

    def __len__(self) -> int:
        return len(self.records)

    def start(
        self,
        params: dict[str, Any],
        distributions: dict[str, BaseDistribution],
        attrs: dict[str, Any] | None = None,
        system_attrs: dict[str, Any] | None = None,
    ) -> Record:
        """Adds a running trial, whole in one transaction."""
        record = Record(len(self.records), params, distributions, attrs=attrs or {}, system_attrs=system_attrs or {})
        self.records.append(record)
        self._ids.append(None)
        template = create_trial(
            state=TrialState.RUNNING,
            params=params,
            distributions=distributions,
            user_attrs={**record.attrs, WRITER: self._writer},
            system_attrs=record.system_attrs,
        )
        self._journal.put(lambda: self._create(record.number, template))
        return record

    def report(self, number: int, epoch: int, value: float) -> None:
        """Keeps an epoch's value, mm; the first one told stays."""
        curve = self.records[number].curve
        if epoch not in curve:
            curve[epoch] = value
            self._journal.put(lambda: self._storage.set_trial_intermediate_value(self._ids[number], epoch, value))

    def note(self, number: int, **attrs: Any) -> None:
        """Sets attributes of a running trial, in names that start with 'garment.'."""
        self.records[number].attrs.update({f"garment.{name}": value for name, value in attrs.items()})
        for name, value in attrs.items():
            self._write_attr(number, f"garment.{name}", value)

    def end(self, number: int, state: TrialState, values: tuple[float, ...] | None, **attrs: Any) -> None:
        """Ends a running trial."""
        self.note(number, **attrs)
        record = self.records[number]
        record.state, record.values = state, values
        final = values
        if state == TrialState.PRUNED and record.curve and len(self.study.directions) == 1:
            final = (record.curve[max(record.curve)],)  # as Optuna itself does
        self._journal.put(lambda: self._finish(number, state, final))

    def in_state(self, *states: TrialState) -> list[Record]:
        """Records in any of these states, in order."""
        return [record for record in self.records if record.state in states]

    def written(self, timeout_s: float) -> bool:
        """Whether everything has reached the database (see `Journal.written`)."""
        return self._journal.written(timeout_s)

    def _create(self, number: int, template: FrozenTrial) -> None:
        study_id = self.study._study_id
        try:  # written before, and the answer was lost?
            self._ids[number] = self._storage.get_trial_id_from_study_id_trial_number(study_id, number)
        except KeyError:
            self._ids[number] = self._storage.create_new_trial(study_id, template_trial=template)
        created = self._storage.get_trial(self._ids[number])
        if created.number != number or created.user_attrs.get(WRITER) != self._writer:
            name = self.study.study_name
            raise UserError(f"something else writes to study {name!r}: trial {number} is not ours; end that first")

    def _write_attr(self, number: int, name: str, value: Any) -> None:
        def write() -> None:
            try:
                self._storage.set_trial_user_attr(self._ids[number], name, value)
            except optuna.exceptions.UpdateFinishedTrialError:
                pass  # written before with the end, and the answer was lost

        self._journal.put(write)

    def _finish(self, number: int, state: TrialState, values: tuple[float, ...] | None) -> None:
        try:
            self._storage.set_trial_state_values(self._ids[number], state, values)
        except optuna.exceptions.UpdateFinishedTrialError:
            pass  # written before, and the answer was lost


def _raw(storage: BaseStorage) -> BaseStorage:
    """The storage itself, without Optuna's cache of it."""
    return getattr(storage, "_backend", storage)


def _record(trial: FrozenTrial) -> Record:
    return Record(
        number=trial.number,
        params=dict(trial.params),
        distributions=dict(trial.distributions),
        state=trial.state,
        curve=dict(trial.intermediate_values),
        values=tuple(trial.values) if trial.values is not None and trial.state == TrialState.COMPLETE else None,
        attrs=dict(trial.user_attrs),
        system_attrs=dict(trial.system_attrs),
    )
