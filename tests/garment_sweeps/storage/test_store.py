"""The first to write a small file decides, in a folder and in S3, whatever befalls the requests."""

import threading
from pathlib import Path

import pytest

from garment_sweeps.storage import s3_connection
from garment_sweeps.storage.s3_errors import Missing
from garment_sweeps.storage.store import create_once, open_store
from garment_uv.errors import Unreachable, UserError
from tests.servers.fault_proxy import fault_proxy
from tests.servers.ports import silent_port

pytestmark = pytest.mark.servers


@pytest.fixture(params=["folder", "swift", "moto"])
def storage(request, tmp_path):
    """(URI, endpoint) of an empty storage."""
    if request.param == "folder":
        return str(tmp_path / "storage"), ""
    bucket = request.getfixturevalue(f"{request.param}_bucket")
    return f"s3://{bucket.name}/some/prefix", bucket.server.endpoint


def test_the_first_to_write_decides(storage):
    store = open_store(*storage)
    with pytest.raises(Missing):
        store.read("study/identity.json")
    assert create_once(*storage, "study/identity.json", b"one") == b"one"
    assert create_once(*storage, "study/identity.json", b"two") == b"one"
    assert store.read("study/identity.json") == b"one"
    assert create_once(*storage, "empty", b"") == b"" and store.read("empty") == b""
    assert sorted(store.names()) == ["empty", "study/identity.json"]


def test_all_who_write_at_once_agree(storage):
    for turn in range(3):
        start, found = threading.Barrier(4), {}

        def write(writer: bytes, name=f"turn-{turn}", start=start, found=found) -> None:
            start.wait()
            found[writer] = create_once(*storage, name, writer)

        writers = [threading.Thread(target=write, args=(b"writer %d" % i,)) for i in range(4)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        assert len(found) == 4 and set(found.values()) == {open_store(*storage).read(f"turn-{turn}")}
        assert set(found.values()) < set(found)


def test_a_folder_is_left_without_partial_files_and_refuses_in_one_line(tmp_path):
    create_once(str(tmp_path), "", "x", b"1")
    create_once(str(tmp_path), "", "x", b"2")
    assert [path.name for path in tmp_path.iterdir()] == ["x"] and (tmp_path / "x").stat().st_mode & 0o777 == 0o644
    with pytest.raises(UserError, match=r"cannot write .*x/y: .*; make room") as told:
        create_once(str(tmp_path), "", "x/y", b"1")
    assert "\n" not in str(told.value)
    Path(tmp_path / "folder").mkdir()
    with pytest.raises(UserError, match="cannot read .*folder: Is a directory"):
        open_store(str(tmp_path)).read("folder")


def test_a_lost_answer_or_a_damaged_upload_is_not_another_s_write(s3_bucket, monkeypatch):
    monkeypatch.setattr(s3_connection, "LONGEST_PAUSE_S", 0.0)
    monkeypatch.setattr("garment_sweeps.storage.store.SETTLE_S", 0.0)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "30")
    with fault_proxy(s3_bucket.server.endpoint) as proxy:
        proxy.set_faults(lose_answer=0.4, corrupt_up=0.2, conflict=0.1)
        for i in range(8):
            mine = b"mine %d" % i
            assert create_once(f"s3://{s3_bucket.name}/p", proxy.endpoint, f"{i}", mine) == mine
            assert open_store(f"s3://{s3_bucket.name}/p", s3_bucket.server.endpoint).read(f"{i}") == mine
        assert set(proxy.faults) == {"lose_answer", "corrupt_up", "conflict"}


def test_a_server_that_is_away_is_unreachable(s3, monkeypatch):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    with pytest.raises(Unreachable, match="is unreachable"):
        create_once("s3://bucket/p", f"http://127.0.0.1:{silent_port()}", "x", b"1")
