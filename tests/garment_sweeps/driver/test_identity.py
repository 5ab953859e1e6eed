"""A study has an identity, held in the sweep's storage: nothing is ever taken for another study's."""

import dataclasses
import json
from dataclasses import replace

import pytest

from garment_sweeps.search.searcher import StudySearcher
from garment_sweeps.settings import code
from garment_sweeps.settings.environment import Settings
from garment_sweeps.study import hold as hold_module
from garment_sweeps.study.claims import Claims
from garment_sweeps.study.hold import StorageHold, wait_until_free
from garment_sweeps.study.spec import SweepRequest
from garment_sweeps.study.state import OpeningChecks, sweep_state
from garment_sweeps.study.study import delete_study, open_storage
from garment_sweeps.trials.checkpoints import TrialStore
from garment_sweeps.trials.context import TrialContext
from garment_sweeps.trials.job import Superseded
from garment_sweeps.trials.progress import Progress
from garment_uv.errors import UserError
from tests.tabulated import tabulated_job


@pytest.fixture
def given(experiment) -> SweepRequest:
    return SweepRequest(experiment, 9)


@pytest.fixture
def second(settings, tmp_path) -> Settings:
    """Another machine: a study database of its own, and the same storage."""
    return dataclasses.replace(settings, study_url=f"sqlite:///{tmp_path}/second.db")


def begin(settings: Settings, given: SweepRequest, **opening) -> tuple[str, int]:
    """Opens the sweep for a moment with one trial; identity and claim of its study."""
    with sweep_state(settings, replace(given, name="table", **opening)) as state:
        searcher = StudySearcher(state.history, state.log, state.spec.experiment, 9, start=state.start)
        while searcher.suggest("tune") is None:
            pass
        return state.claim.study, state.claim.number


def lose_database(settings: Settings) -> None:
    for path in settings.home.glob("optuna.db*"):
        path.unlink()


def test_a_study_keeps_its_identity_over_sessions_and_a_lost_database(settings, given):
    study, number = begin(settings, given)
    assert number == 0 and begin(settings, given, resume=True) == (study, 0)
    lose_database(settings)
    assert begin(settings, given, resume=True) == (study, 1)
    events = Claims(settings.storage, "table").newest()
    assert (events.study, events.number) == (study, 1)


def test_a_name_whose_checkpoints_are_there_is_taken_although_the_database_is_lost(settings, given):
    begin(settings, given)
    lose_database(settings)
    with pytest.raises(UserError, match=r"exists \(checkpoints in .*--resume.*--name.*--overwrite") as caught:
        begin(settings, given)
    assert "\n" not in str(caught.value)


def test_a_name_whose_study_is_there_is_taken_although_the_checkpoints_are_lost(settings, given):
    begin(settings, given)
    Claims(settings.storage, "table").clear()
    with pytest.raises(UserError, match=r"exists \(a study, a decision log\)"):
        begin(settings, given)


def test_checkpoints_whose_study_and_log_are_lost_are_not_gone_on_from(settings, given):
    begin(settings, given)
    lose_database(settings)
    place = settings.home / "sweeps" / "table"
    for path in (place / "state").rglob("*.jsonl"):
        path.unlink()
    with pytest.raises(UserError, match="whose study and log are lost.*--overwrite"):
        begin(settings, given, resume=True)
    assert begin(settings, given, overwrite=True)[1] == 0


def test_overwriting_leaves_nothing_of_the_earlier_study(settings, given):
    study, _ = begin(settings, given)
    store = TrialStore.open(settings.storage, "table", "t00000", 0)
    store.start_attempt(0)
    again, number = begin(settings, given, overwrite=True)
    assert again != study and number == 0
    assert store.attempts() == []
    with sweep_state(settings, replace(given, name="table", resume=True)) as state:
        assert {event["study"] for event in state.log.read() if event["kind"] == "begin"} == {again}
        assert len(state.history) == 1


def test_a_second_machine_with_its_own_database_is_refused(settings, second, given):
    study, _ = begin(settings, given)
    with pytest.raises(UserError, match="checkpoints in"):
        begin(second, given)
    assert begin(second, given, resume=True) == (study, 1)  # it goes on, and the first one's database is of the past
    with pytest.raises(UserError, match="this study as it was made again in another database"):
        begin(settings, given, resume=True)


def test_a_second_machine_does_not_take_over_from_a_driver_that_lives(settings, second, given, monkeypatch):
    monkeypatch.setattr(hold_module, "BEAT_S", 0.1)
    monkeypatch.setattr(hold_module, "LOOK_S", 0.05)
    monkeypatch.setattr(hold_module, "LAPSE_S", 600.0)
    with sweep_state(settings, replace(given, name="table")) as state:
        state.log.append("suggest", trial="t00000", values={}, inputs={})
        assert state.journal.written(60.0)
        for opening in ({"resume": True}, {"overwrite": True}):
            with pytest.raises(UserError, match="is being run by process .* with another study database"):
                begin(second, given, **opening)


def test_a_driver_whose_place_was_claimed_writes_nothing_more(settings, given, monkeypatch):
    monkeypatch.setattr(hold_module, "BEAT_S", 0.05)
    with (
        pytest.raises(UserError, match="was claimed by another study"),
        sweep_state(settings, replace(given, name="table")) as state,
    ):
        claims = Claims(settings.storage, "table")
        claims.take("another", claims.newest())
        while not state.taken_over():
            pass
        before = state.log.stored()
        state.log.append("result", trial="t00000", epoch=1, value=1.0)
        state.journal.close()
    assert state.log.stored() == before


def test_a_dead_driver_elsewhere_is_waited_for_until_it_counts_as_dead(settings, given, monkeypatch):
    begin(settings, given)
    path = settings.home / "sweeps" / "table" / "study" / "driver.json"
    holder = {"pid": 1, "born": 0.0, "host": "far", "boot": "", "space": ""}
    path.write_text(json.dumps({"holder": json.dumps(holder), "claim": 0, "beat": 7}))

    class Clock:
        now = 0.0

        def monotonic(self) -> float:
            return self.now

        def sleep(self, seconds: float) -> None:
            self.now += seconds

    clock = Clock()
    monkeypatch.setattr(hold_module, "time", clock)
    wait_until_free(settings.storage, "table")
    assert hold_module.LAPSE_S <= clock.now <= hold_module.LAPSE_S + 1


def test_a_restore_that_was_cut_short_is_made_again(settings, given):
    study, _ = begin(settings, given)
    database = open_storage(settings.study_url)
    delete_study(database, "table")
    import optuna

    optuna.create_study(storage=database, study_name="table")  # made, and killed before its trials were there
    assert begin(settings, given, resume=True) == (study, 1)


def test_a_study_of_before_identities_is_given_one(settings, given):
    begin(settings, given)
    database = open_storage(settings.study_url)
    import sqlalchemy

    with database.engine.begin() as connection:
        connection.execute(
            sqlalchemy.text("delete from study_user_attributes where key in ('garment.study', 'garment.claim')")
        )
        for row in connection.execute(sqlalchemy.text("select seq, body from garment_decisions")).all():
            body = json.loads(row.body)
            body.pop("study", None)
            text = sqlalchemy.text("update garment_decisions set body = :body where seq = :seq")
            connection.execute(text, {"body": json.dumps(body), "seq": row.seq})
    (settings.home / "sweeps" / "table").rename(settings.home / "sweeps" / "moved")
    study, number = begin(settings, given, resume=True)
    assert study and number == 0


def test_a_trial_of_a_study_that_lost_its_place_ends_without_a_word(settings, given, experiment):
    study, _ = begin(settings, given)
    claims = Claims(settings.storage, "table")
    context = TrialContext(
        sweep="table",
        session=0,
        base=experiment.base,
        metric="s2s/all",
        checkpoint_every=1,
        storage=settings.storage,
        claim=claims.newest(),
        home=str(settings.home),
        cpus=1,
    )
    job = tabulated_job(context, {"id": "t00000", "number": 0}, {})
    job.step()
    claims.take("another", claims.newest())
    with pytest.raises(Superseded):
        job.step()
    with pytest.raises(Superseded, match="does not hold its place"):
        tabulated_job(context, {"id": "t00000", "number": 0}, {})


def test_checkpoints_of_another_study_and_of_other_code_are_left_alone():
    mine = Progress(epoch=1, seconds=1.0, last={}, study="a", code="c1")
    mine.check("a", ("c0", "c1"))
    Progress(epoch=1, seconds=1.0, last={}).check("a", ("c0",))  # of before there were identities
    with pytest.raises(UserError, match="another study"):
        mine.check("b", ("c1",))
    with pytest.raises(UserError, match="other code"):
        mine.check("a", ("c0",))


def test_other_code_is_refused_until_it_is_accepted(settings, given, monkeypatch):
    begin(settings, given)
    for module in ("garment_sweeps.study.state.code_digest",):
        monkeypatch.setattr(module, lambda: "other")
    with pytest.raises(UserError, match=f"digest {code.code_digest()}, now other.*--accept-code"):
        begin(settings, given, resume=True)
    with sweep_state(settings, replace(given, name="table", resume=True, accept_code=True)) as state:
        assert state.codes == (code.code_digest(), "other")
    begin(settings, given, resume=True)  # accepted once, it is the sweep's code


def test_other_code_does_not_matter_where_nothing_is_left_to_run(settings, given, monkeypatch):
    begin(settings, given)
    own = code.code_digest()
    monkeypatch.setattr("garment_sweeps.study.state.code_digest", lambda: "other")

    class Over(OpeningChecks):
        def work_left(self, state) -> bool:
            return False

    with sweep_state(settings, replace(given, name="table", resume=True), Over()) as state:
        assert [event.get("code") for event in state.log.read() if event["kind"] == "begin"] == [own, None]
    with pytest.raises(UserError, match="--accept-code"):  # it ran nothing, so it is not the sweep's code
        begin(settings, given, resume=True)


def test_a_hold_that_ends_need_not_be_waited_for(settings, given):
    begin(settings, given)
    claim = Claims(settings.storage, "table").newest()
    StorageHold(settings.storage, "table", claim).release()
    wait_until_free(settings.storage, "table")
