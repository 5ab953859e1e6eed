"""The study, the decision log and the lease in a real PostgreSQL that is killed while a sweep writes to it."""

import json
from dataclasses import replace

import pytest
import sqlalchemy
from optuna.trial import TrialState

from garment_sweeps.experiment import Experiment
from garment_sweeps.search.searcher import StudySearcher
from garment_sweeps.settings.environment import Settings, StorageConfig
from garment_sweeps.study import study
from garment_sweeps.study.database import DECISIONS, LEASES
from garment_sweeps.study.decisions import read_log
from garment_sweeps.study.lease import take_lease
from garment_sweeps.study.spec import SweepRequest
from garment_sweeps.study.state import SweepState, sweep_state
from garment_sweeps.study.study import open_storage
from garment_uv.errors import UserError
from tests.chaos.records import study_trials
from tests.servers.postgres import missing_for_postgres, postgres_server

pytestmark = [
    pytest.mark.servers,
    pytest.mark.skipif(missing_for_postgres() is not None, reason=str(missing_for_postgres())),
]
SECONDS = 240
EPOCHS = 6
TRIALS = 4


@pytest.fixture(scope="module")
def postgres():
    with postgres_server() as server:
        yield server


@pytest.fixture
def settings(postgres, tmp_path) -> Settings:
    storage = StorageConfig(uri=str(tmp_path / "sweeps"))
    return Settings(tmp_path, storage, postgres.url, ray_address=None)


def searcher_of(state: SweepState, experiment: Experiment) -> StudySearcher:
    return StudySearcher(state.history, state.log, experiment, TRIALS, start=state.start)


def asked(searcher: StudySearcher, tune_id: str) -> int:
    """The number of the next trial, asked for again while the database is away, as Tune does."""
    while (suggestion := searcher.suggest(tune_id)) is None:
        pass
    return suggestion["trial"]["number"]


def value(number: int, epoch: int) -> float:
    return 50.0 - epoch - number / 10


def run_epochs(searcher: StudySearcher, tune_id: str, number: int, epochs: range) -> None:
    for epoch in epochs:
        searcher.on_trial_result(tune_id, {"epoch": epoch, "s2s_mm": value(number, epoch)})


def test_a_killed_database_costs_a_sweep_nothing(postgres, settings, experiment):
    with sweep_state(settings, SweepRequest(experiment, TRIALS, name="whole")) as state:
        searcher = searcher_of(state, experiment)
        for number in range(TRIALS):
            assert asked(searcher, str(number)) == number
            run_epochs(searcher, str(number), number, range(1, 3))
            if number == 1:
                postgres.kill()
            run_epochs(searcher, str(number), number, range(3, EPOCHS))  # nobody waits for the database
            if number == 1:
                assert searcher.suggest("too early") is None  # no trial that the study does not hold
                postgres.start()
            searcher.on_trial_complete(str(number), {"epoch": EPOCHS, "s2s_mm": value(number, EPOCHS), "done": True})
        log = json.loads(json.dumps(state.log.read()))
    trials = study_trials(postgres.url, "whole")
    assert [t.state for t in trials] == [TrialState.COMPLETE] * TRIALS
    for trial in trials:
        assert trial.intermediate_values == {e: value(trial.number, e) for e in range(1, EPOCHS + 1)}
        assert trial.value == value(trial.number, EPOCHS)
    with sweep_state(settings, SweepRequest(experiment, TRIALS, name="whole", resume=True)) as state:
        assert state.log.read()[: len(log)] == log  # every decision arrived, once
        assert state.open_trials(TRIALS) == 0


def test_what_a_killed_driver_left_running_is_given_out_again(postgres, settings, experiment):
    given = SweepRequest(experiment, TRIALS)
    with pytest.raises(KeyboardInterrupt), sweep_state(settings, replace(given, name="cut")) as state:
        searcher = searcher_of(state, experiment)
        assert [asked(searcher, tune_id) for tune_id in "ab"] == [0, 1]
        run_epochs(searcher, "a", 0, range(1, 3))
        raise KeyboardInterrupt
    with sweep_state(settings, SweepRequest(experiment, TRIALS, name="cut", resume=True)) as state:
        searcher = searcher_of(state, experiment)
        assert [asked(searcher, tune_id) for tune_id in "cd"] == [0, 1]
        assert state.history.records[0].curve == {1: value(0, 1), 2: value(0, 2)}


def test_two_drivers_on_one_database_are_one_too_many(settings, experiment):
    with sweep_state(settings, SweepRequest(experiment, TRIALS, name="held")):
        with pytest.raises(UserError, match="is being run by process"):
            with sweep_state(settings, SweepRequest(experiment, TRIALS, name="held", resume=True)):
                pass


def test_a_driver_that_stands_still_in_a_write_does_not_hold_up_the_next(postgres, monkeypatch):
    monkeypatch.setattr(study, "STALLED_S", 0.5)
    first, second = (open_storage(postgres.url).engine for _ in range(2))
    lease = take_lease(first, "still")
    row = {"sweep": "still", "seq": 0, "at": 0.0, "body": "{}"}
    with first.connect() as writing:
        writing.execute(DECISIONS.insert(), row)
        lease.guard(writing)  # and from here on it stands still
        with second.begin() as connection:
            connection.execute(sqlalchemy.text(f"set local lock_timeout = '{SECONDS}s'"))
            connection.execute(LEASES.update().where(LEASES.c.sweep == "still").values(token=LEASES.c.token + 1))
            connection.execute(DECISIONS.insert(), {**row, "at": 1.0})
        with pytest.raises(sqlalchemy.exc.OperationalError):
            writing.commit()
    assert [event["at"] for event in read_log(second, "still")] == [1.0]
    with first.begin() as connection, pytest.raises(UserError, match="was taken over"):
        lease.guard(connection)
