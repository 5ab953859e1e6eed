"""A sweep's state: kept twice, made again from a copy, and catching up with its log."""

import pytest
from optuna.trial import TrialState

from garment_sweeps.budget.ledger import spent_seconds
from garment_sweeps.experiment import Experiment
from garment_sweeps.search.searcher import StudySearcher
from garment_sweeps.settings.environment import Settings
from garment_sweeps.study.copies import StateCopies
from garment_sweeps.study.decisions import read_file
from garment_sweeps.study.spec import SweepRequest
from garment_sweeps.study.state import log_file, sweep_state
from garment_uv.errors import UserError


def suggest(searcher: StudySearcher, tune_id: str) -> dict:
    """A suggestion, asked for until the database has taken it."""
    while (given := searcher.suggest(tune_id)) is None:
        pass
    return given


def session(settings: Settings, experiment: Experiment, trials: int, ends: int, **more) -> list:
    """One session in which `ends` trials complete and one more is left running; what the study holds after it."""
    with sweep_state(settings, SweepRequest(experiment, 9, **more, name="table", resume=True)) as state:
        searcher = StudySearcher(state.history, state.log, experiment, trials, start=state.start)
        for number in range(ends + 1):
            given = suggest(searcher, f"tune{number}")
            report = {"trial": given["trial"]["id"], "epoch": 1, "value": 30.0 + number, "decision": "CONTINUE"}
            state.log.append("result", **report, attempt=1, attempt_seconds=2.5)
            searcher.on_trial_result(f"tune{number}", {"epoch": 1, "s2s_mm": 30.0 + number})
            if number < ends:
                searcher.on_trial_complete(f"tune{number}", {"epoch": 6, "s2s_mm": 20.0 + number})
        return [(r.number, r.state, r.params, dict(r.curve), r.values) for r in state.history.records]


def state_folder(settings: Settings):
    return settings.home / "sweeps" / "table" / "state"


def test_the_log_is_kept_beside_the_checkpoints(experiment, settings):
    for _ in range(3):
        session(settings, experiment, 9, 1)
    assert StateCopies(settings.storage, "table").newest() == read_file(log_file(settings.home, "table"))


@pytest.mark.parametrize("torn", [False, True])
def test_a_lost_database_costs_nothing_and_a_torn_copy_one_generation(experiment, settings, torn):
    before = session(settings, experiment, 9, 2)
    if torn:
        before_last, before = before, session(settings, experiment, 9, 0)
        newest = max((state_folder(settings) / "000000").iterdir(), key=lambda path: path.stat().st_mtime_ns)
        newest.write_bytes(newest.read_bytes()[:-20])
        before = before_last
    for path in settings.home.glob("optuna.db*"):
        path.unlink()
    with sweep_state(settings, SweepRequest(experiment, 9, name="table", resume=True)) as state:
        after = [(r.number, r.state, r.params, dict(r.curve), r.values) for r in state.history.records]
        assert after == before
        assert state.session == sum(event["kind"] == "begin" for event in state.log.read()) - 1
        assert spent_seconds(state.log.read()) == {"t00000": 2.5, "t00001": 2.5, "t00002": 2.5}
        given = suggest(StudySearcher(state.history, state.log, experiment, 9, start=state.start), "x")
        assert given["trial"]["id"] == "t00002"  # the one that was running goes on


def test_a_study_that_lags_behind_its_log_catches_up(experiment, settings):
    """As after a kill between the two writes: the log has more than the study."""
    with sweep_state(settings, SweepRequest(experiment, 9, name="table", resume=True)) as state:
        searcher = StudySearcher(state.history, state.log, experiment, 9, start=state.start)
        for number in range(4):
            suggest(searcher, f"tune{number}")
        told = {"decision": "CONTINUE", "epoch": 1, "value": 31.5}
        state.log.append("result", trial="t00000", **told)
        state.log.append("result", trial="t00001", **{**told, "decision": "STOP", "epoch": 2})
        result = {"epoch": 6, "s2s_mm": 20.0, "device_seconds": 4.0}
        state.log.append("end", trial="t00002", result=result, error=False, cut_short=False)
        state.log.append("end", trial="t00003", result={"epoch": 1, "s2s_mm": 9.0}, error=False, cut_short=True)
    for _ in range(2):
        with sweep_state(settings, SweepRequest(experiment, 9, name="table", resume=True)) as state:
            found = [(record.state, record.curve, record.values) for record in state.history.records]
            assert found == [
                (TrialState.RUNNING, {1: 31.5}, None),
                (TrialState.PRUNED, {2: 31.5}, None),
                (TrialState.COMPLETE, {6: 20.0}, (20.0,)),
                (TrialState.RUNNING, {1: 9.0}, None),
            ]
            assert state.history.records[2].attrs["garment.device_seconds"] == 4.0
            assert state.history.records[1].attrs["garment.reason"] == "stopped at epoch 2 of 6"
    ends = [event for event in read_file(log_file(settings.home, "table")) if event["kind"] == "end"]
    assert [event["trial"] for event in ends] == ["t00002", "t00003", "t00001"]


def test_copies_that_are_no_copies_are_left_alone(settings):
    folder = state_folder(settings) / "000000"
    folder.mkdir(parents=True)
    (folder / "events-x.jsonl").write_text("{}\n")
    (folder / "events-0000000000-0000000002.jsonl").write_text("{}\n")
    (folder / "events-0000000000-0000000001.jsonl.partial").write_text('{"seq": 0}\n')
    assert StateCopies(settings.storage, "table").newest() == []


def test_a_warm_start_in_mid_sweep_is_refused(experiment, settings):
    session(settings, experiment, 9, 0)
    with pytest.raises(UserError, match=r"warm_start was \[\], now \['other'\]"):
        session(settings, experiment, 9, 0, warm_start=("other",))
