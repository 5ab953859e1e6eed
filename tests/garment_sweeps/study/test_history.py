"""The history: what the driver holds and what the database holds are the same, lost answers or not."""

import optuna
import pytest
from optuna.distributions import FloatDistribution
from optuna.trial import TrialState

from garment_sweeps.study.history import WRITER, History
from garment_sweeps.study.journal import DirectJournal, Journal
from garment_uv.errors import UserError

SPACE = {"x": FloatDistribution(0.0, 1.0)}


def on_record(storage, experiment) -> list:
    study = optuna.load_study(study_name="one", storage=storage)
    return [
        (t.number, t.state, t.params, t.intermediate_values, t.values, _told(t.user_attrs)) for t in study.get_trials()
    ]


def _told(attrs: dict) -> dict:
    return {name: value for name, value in attrs.items() if name != WRITER}


def live(history: History) -> None:
    history.start({"x": 0.25}, SPACE)
    history.start({"x": 0.5}, SPACE, {"garment.of": "t00000"})
    history.report(0, 1, 30.0)
    history.report(0, 1, 99.0)  # a repeated epoch
    history.report(1, 1, 40.0)
    history.report(0, 2, 20.0)
    history.end(1, TrialState.PRUNED, None, reason="stopped", epoch=1)
    history.end(0, TrialState.COMPLETE, (20.0,))


EXPECTED = [
    (0, TrialState.COMPLETE, {"x": 0.25}, {1: 30.0, 2: 20.0}, [20.0], {}),
    (
        *(1, TrialState.PRUNED, {"x": 0.5}, {1: 40.0}, [40.0]),
        {"garment.of": "t00000", "garment.reason": "stopped", "garment.epoch": 1},
    ),
]


def test_the_database_holds_what_the_driver_holds(storage, study, experiment):
    journal = Journal()
    live(History(study, journal))
    journal.close()
    assert on_record(storage, experiment) == EXPECTED
    again = History(optuna.load_study(study_name="one", storage=storage), DirectJournal())
    assert [(r.number, r.state, r.params, r.curve, r.values) for r in again.records] == [
        (0, TrialState.COMPLETE, {"x": 0.25}, {1: 30.0, 2: 20.0}, (20.0,)),
        (1, TrialState.PRUNED, {"x": 0.5}, {1: 40.0}, None),
    ]


def test_answers_that_get_lost_double_nothing(storage, study, experiment, monkeypatch):
    """Every write reaches the database, its answer is lost, and it is made again."""
    failed = set()

    def losing(name):
        real = getattr(type(storage), name)

        def call(self, *args, **kwargs):
            answer = real(self, *args, **kwargs)
            if (key := (name, repr(args), repr(kwargs))) not in failed:
                failed.add(key)
                raise optuna.exceptions.StorageInternalError("the connection broke")
            return answer

        monkeypatch.setattr(type(storage), name, call)

    names = ("create_new_trial", "set_trial_intermediate_value", "set_trial_user_attr", "set_trial_state_values")
    for name in names:
        losing(name)
    journal = Journal()
    live(History(study, journal))
    journal.close()
    assert len(failed) >= 8
    monkeypatch.undo()
    assert on_record(storage, experiment) == EXPECTED


@pytest.mark.parametrize("others", [1, 2])
def test_something_else_that_writes_to_the_study_is_noticed(study, others):
    history = History(study, DirectJournal())
    for _ in range(others):
        study.ask()
    with pytest.raises(UserError, match="something else writes to study 'one'"):
        history.start({"x": 0.1}, SPACE)
