"""Checkpoints and attempts in a sweep's storage: a folder, and S3."""

import json

import pytest

from garment_sweeps.ray.nodes import Place
from garment_sweeps.settings.environment import StorageConfig
from garment_sweeps.storage.filesystem import check_storage, folder_names
from garment_sweeps.trials.checkpoints import TrialStore
from garment_uv.errors import Unreachable, UserError


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
    with pytest.raises(Unreachable, match="cannot be reached"):
        check_storage(s3_storage.with_values({"endpoint": "http://127.0.0.1:9"}))
