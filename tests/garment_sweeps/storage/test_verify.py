"""Every byte of a folder against its manifest."""

import pytest

from garment_sweeps.storage import verify
from garment_uv.errors import UserError
from tests.garment_uv.samples.made import write_folder


@pytest.fixture
def folder(tmp_path):
    write_folder(tmp_path / "set", tmp_path / "scratch")
    return tmp_path / "set"


def test_a_whole_dataset_is_ok(folder):
    calls = []
    report = verify(str(folder), lambda done, total: calls.append((done, total)))
    assert report.ok and report.problems == () and report.files == 5
    total = sum(path.stat().st_size for path in folder.rglob("*") if path.suffix in (".tar", ".npz"))
    assert report.bytes == total and calls[-1] == (total, total) and len(calls) == 5


def test_every_byte_counts(folder):
    path = folder / "train" / "shard-000002.tar"
    data = path.read_bytes()
    for at in (0, 511, len(data) // 2, len(data) - 1):
        path.write_bytes(data[:at] + bytes([data[at] ^ 128]) + data[at + 1 :])
        assert [line.split()[:2] for line in verify(str(folder)).bad] == [["bad:", "train/shard-000002.tar"]]


def test_all_that_is_wrong_is_listed(folder):
    (folder / "train" / "shard-000000.tar").unlink()
    (folder / "val" / "shard-000000.tar").write_bytes(b"short")
    (folder / "atlas.npz").unlink()
    (folder / "atlas.npz").mkdir()
    (folder / "val" / "notes.txt").write_text("?")
    report = verify(str(folder))
    assert not report.ok
    assert report.missing == ("missing: atlas.npz", "missing: train/shard-000000.tar")
    assert len(report.bad) == 1 and report.bad[0].startswith("bad: val/shard-000000.tar has 5 bytes")
    assert report.unlisted == ("unlisted: val/notes.txt",)
    assert report.problems == report.missing + report.bad + report.unlisted


def test_no_dataset_is_told(tmp_path):
    with pytest.raises(UserError, match="no dataset at"):
        verify(str(tmp_path))
