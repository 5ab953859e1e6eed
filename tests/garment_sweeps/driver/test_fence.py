"""A driver that was taken over writes nothing more, however late it wakes: neither to the log nor to the study."""

import json
from dataclasses import replace

import optuna
import pytest
from optuna.trial import TrialState

from garment_sweeps.search.searcher import StudySearcher
from garment_sweeps.study.database import LEASES
from garment_sweeps.study.decisions import read_log
from garment_sweeps.study.lease import take_lease
from garment_sweeps.study.spec import SweepRequest
from garment_sweeps.study.state import sweep_state
from garment_sweeps.study.study import open_storage
from garment_uv.errors import UserError


@pytest.fixture
def frozen(experiment, settings):
    """A driver with one running trial that gives no sign of life, and another one that has taken its sweep over."""
    engine = open_storage(settings.study_url).engine
    given = SweepRequest(experiment, 9)
    with pytest.raises(UserError, match="taken over"), sweep_state(settings, replace(given, name="table")) as state:
        searcher = StudySearcher(state.history, state.log, experiment, 9, start=state.start)
        while searcher.suggest("tune0") is None:
            pass
        with engine.begin() as connection:  # as after a holder that let go, or one whose lease has lapsed
            connection.execute(LEASES.update().values(holder=""))
        successor = take_lease(engine, "table")
        yield state, engine
        successor.release()


def test_its_decisions_do_not_reach_the_log(frozen):
    state, engine = frozen
    before = read_log(engine, "table")
    state.log.append("result", trial="t00000", epoch=1, value=30.0, decision="CONTINUE")
    with pytest.raises(UserError, match="was taken over by process"):
        state.journal.close()
    assert read_log(engine, "table") == before
    assert state.log.stored() == before


def test_a_database_that_was_made_anew_gives_its_first_token_to_another(experiment, settings):
    """The token of a frozen driver that was the first one, too: its holder tells the two apart."""
    given = SweepRequest(experiment, 9)
    with pytest.raises(UserError, match="taken over"), sweep_state(settings, replace(given, name="table")) as state:
        with open_storage(settings.study_url).engine.begin() as connection:
            row = connection.execute(LEASES.select()).one()
            other = json.dumps({**json.loads(row.holder), "pid": 1})
            connection.execute(LEASES.delete())
            connection.execute(LEASES.insert().values(sweep="table", token=row.token, beat=0, holder=other))
        state.log.append("result", trial="t00000", epoch=1, value=30.0, decision="CONTINUE")
        state.journal.close()


@pytest.mark.parametrize("what", ["create", "report", "note", "end"])
def test_its_values_and_ends_do_not_reach_the_study(frozen, settings, what):
    state, _ = frozen
    writes = {
        "create": lambda: state.history.start({}, {}),
        "report": lambda: state.history.report(0, 1, 30.0),
        "note": lambda: state.history.note(0, reason="late"),
        "end": lambda: state.history.end(0, TrialState.COMPLETE, (20.0,)),
    }
    writes[what]()
    with pytest.raises(UserError, match="was taken over by process"):
        state.journal.close()
    study = optuna.load_study(study_name="table", storage=open_storage(settings.study_url))
    assert [(t.state, t.intermediate_values, "garment.reason" in t.user_attrs) for t in study.trials] == [
        (TrialState.RUNNING, {}, False)
    ]
