"""A sweep's trials in the driver's memory, and every change of them on its way into the study's database."""

import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.storages import BaseStorage
from optuna.trial import FixedTrial, FrozenTrial, TrialState, create_trial

from garment_sweeps.experiment import Experiment
from garment_sweeps.study.journal import DirectJournal, Journal
from garment_sweeps.study.study import repeat_name, trial_name
from garment_uv.errors import UserError

WRITER = "garment.writer"
"""Attribute of every trial: a random word of the driver that made it."""
OF, REPEAT = "garment.of", "garment.repeat"
"""Attributes of finalists' repeats, in a study of their own: the finalist's name, and which of its repeats it is."""


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

    def suggested(self, experiment: Experiment) -> dict[str, Any]:
        """Values by config path that were suggested for the trial."""
        fixed: Any = FixedTrial(self.params)
        return experiment.space.suggest(fixed, experiment.base.flat())

    @property
    def name(self) -> str:
        """The trial's name, as 't00003', or 't00003.r1' of a repeat."""
        return repeat_name(self.attrs[OF], self.attrs[REPEAT]) if OF in self.attrs else trial_name(self.number)


class History:
    """All trials of a study. One driver writes it at a time, so it is read from the database only once."""

    def __init__(self, study: optuna.Study, journal: Journal | DirectJournal) -> None:
        self.study = study
        self._journal = journal
        self._writer = secrets.token_hex(4)
        self._storage: BaseStorage = getattr(study._storage, "_backend", study._storage)  # without Optuna's cache of it
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
        named = {f"garment.{name}": value for name, value in attrs.items()}
        self.records[number].attrs.update(named)
        for name, value in named.items():
            self._put(number, self._storage.set_trial_user_attr, name, value)

    def end(self, number: int, state: TrialState, values: tuple[float, ...] | None, **attrs: Any) -> None:
        """Ends a running trial."""
        self.note(number, **attrs)
        record = self.records[number]
        record.state, record.values = state, values
        final = values
        if state == TrialState.PRUNED and record.curve and len(self.study.directions) == 1:
            final = (record.curve[max(record.curve)],)  # as Optuna itself does
        self._put(number, self._storage.set_trial_state_values, state, final)

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

    def _put(self, number: int, write: Callable[..., object], *given: Any) -> None:
        """Hands a write to a trial over; one that has ended had it before, with its end, and the answer was lost."""

        def attempt() -> None:
            with suppress(optuna.exceptions.UpdateFinishedTrialError):
                write(self._ids[number], *given)

        self._journal.put(attempt)


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
