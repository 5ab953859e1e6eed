"""Checkpoints and attempts in a sweep's storage: a folder, and S3."""

import json

import pytest

from garment_sweeps.trials.attempts import Attempts, Place
from garment_sweeps.trials.checkpoints import TrialStore
from garment_sweeps.trials.context import StorageConfig
from garment_sweeps.trials.storage import check_storage, folder_names
from garment_uv.errors import UserError


def store(tmp_path, session=0) -> TrialStore:
    return TrialStore.open(StorageConfig(uri=str(tmp_path)), "sweep", "t00003", session)


def put(one: TrialStore, tmp_path, number: int) -> None:
    folder = tmp_path / "made"
    folder.mkdir(exist_ok=True)
    (folder / "state.json").write_text(json.dumps(number))
    one.put(folder, number)


def test_the_newest_checkpoint_comes_first_over_all_sessions(tmp_path):
    for session, number in ((0, 0), (0, 1), (1, 0), (1, 1)):
        put(store(tmp_path, session), tmp_path, number)
    ends = [path.split("sweep/")[1] for path in store(tmp_path, 1).checkpoints()]
    assert ends == [
        "t00003.s1/checkpoint_000001",
        "t00003.s1/checkpoint_000000",
        "t00003.s0/checkpoint_000001",
        "t00003.s0/checkpoint_000000",
    ]
    assert [p.split("sweep/")[1] for p in store(tmp_path, 0).checkpoints()] == ends[2:]


def test_fetched_is_a_copy(tmp_path):
    one = store(tmp_path)
    put(one, tmp_path, 7)
    with one.fetched(one.checkpoints()[0]) as folder:
        assert json.loads((folder / "state.json").read_text()) == 7
        kept = folder
    assert not kept.exists()


def test_prune_keeps_two_generations(tmp_path):
    one = store(tmp_path)
    for number in range(4):
        put(one, tmp_path, number)
    one.prune()
    assert folder_names(one.filesystem, one.path) == ["checkpoint_000002", "checkpoint_000003"]
    store(tmp_path, 9).prune()


def test_attempts_rise_over_sessions_and_the_latest_one_supersedes(tmp_path):
    first = store(tmp_path)
    one = first.start_attempt(0)
    assert not first.superseded(one)
    two = first.start_attempt(3)
    assert two > one
    assert first.superseded(one) and not first.superseded(two)
    later = store(tmp_path, session=1).start_attempt(3)
    assert later > two and first.superseded(two)
    zombie = first.start_attempt(3)  # a driver that was replaced starts the trial once more
    assert two < zombie < later and first.superseded(zombie)
    assert not store(tmp_path, session=1).superseded(later)


def test_two_processes_that_take_one_number_are_told_apart_and_one_of_them_wins(tmp_path, monkeypatch):
    one = store(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(Attempts, "all", lambda attempts: [])  # neither sees the other
        pair = [one.start_attempt(2), one.start_attempt(2)]
    assert pair[0].number == pair[1].number and pair[0] != pair[1]
    assert sorted(one.attempts()) == sorted(pair)
    assert [one.superseded(attempt) for attempt in sorted(pair)] == [True, False]
    assert one.start_attempt(2).number == pair[0].number + 1


def test_a_crash_loop_is_three_starts_in_a_row_at_one_epoch(tmp_path):
    one = store(tmp_path)
    for epoch in (0, 4, 4):
        one.start_attempt(epoch)
    assert not one.crash_loop(4)
    one.start_attempt(4)
    assert one.crash_loop(4)
    assert not one.crash_loop(5)
    assert not store(tmp_path, session=1).crash_loop(4)  # a driver that died is no fault of the trial


def test_attempts_on_a_node_that_is_gone_or_that_were_ended_on_purpose_are_no_crashes(tmp_path):
    one = store(tmp_path)
    for node in ("a", "b", "a", "a", "c"):
        one.start_attempt(4, Place(node, "10.0.0.1"))
    assert one.crash_loop(4)
    assert not one.crash_loop(4, {"a"}.__contains__)
    one.start_attempt(4, Place("b"))
    assert one.crash_loop(4, {"a"}.__contains__)  # b, c and b again
    paused = one.start_attempt(4, Place("d"))
    one.end_attempt(paused, Place("d"))
    again = [one.start_attempt(4, Place("d")) for _ in range(2)]
    assert not one.crash_loop(4, {"a", "b", "c"}.__contains__)
    one.start_attempt(4, Place("d"))
    assert one.crash_loop(4, {"a", "b", "c"}.__contains__)
    assert again[0] in one.attempts() and paused in one.attempts()


def test_an_attempt_whose_file_is_torn_counts_as_a_crash(tmp_path):
    one = store(tmp_path)
    for _ in range(3):
        one.start_attempt(1, Place("a"))
    for path in (tmp_path / "sweep" / "t00003.attempts").iterdir():
        path.write_text('{"node":')
    assert one.crash_loop(1, {"a"}.__contains__)


def test_other_schemes_are_refused():
    with pytest.raises(UserError, match="takes a folder or s3://"):
        TrialStore.open(StorageConfig(uri="gs://bucket/x"), "sweep", "t00000", 0)


@pytest.mark.servers
def test_the_same_in_s3(s3_storage, tmp_path):
    one = TrialStore.open(s3_storage, "sweep", "t00003", 0)
    assert one.checkpoints() == []
    for number in range(3):
        put(one, tmp_path, number)
    one.prune()
    assert [path.rpartition("/")[2] for path in one.checkpoints()] == ["checkpoint_000002", "checkpoint_000001"]
    with one.fetched(one.checkpoints()[0]) as folder:
        assert json.loads((folder / "state.json").read_text()) == 2
    attempt = one.start_attempt(2, Place("a"))
    assert not one.superseded(attempt)
    one.end_attempt(attempt, Place("a"))
    assert len(one.attempts()) == 1
    for _ in range(3):
        one.start_attempt(2, Place("a"))
    assert one.superseded(attempt)
    assert one.crash_loop(2) and not one.crash_loop(2, {"a"}.__contains__)


@pytest.mark.servers
def test_a_missing_bucket_and_a_server_that_is_not_there_are_said(s3_storage):
    check_storage(s3_storage)
    with pytest.raises(UserError, match="there is no bucket 'nope'"):
        check_storage(s3_storage.with_values({"uri": "s3://nope/x"}))
