"""A folder becomes a dataset at once, or stays as it was."""

import subprocess
import sys

import pytest

from garment_uv.errors import UserError
from garment_uv.samples.manifest import Manifest
from garment_uv.samples.sink import FolderSink
from tests.garment_uv.samples.made import write_dataset, write_folder


def test_nothing_is_seen_before_it_is_published(tmp_path):
    seen = []

    class Watched(FolderSink):
        def put(self, key, path):
            super().put(key, path)
            seen.append((tmp_path / "set").exists())

    scratch = tmp_path / "scratch"
    scratch.mkdir()
    write_dataset(Watched(tmp_path / "set"), scratch)
    assert seen and not any(seen)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scratch", "set"]
    assert sorted(path.name for path in (tmp_path / "set").iterdir()) == [
        "atlas.npz", "manifest.json", "train", "val",
    ]  # fmt: skip


def test_what_is_aborted_leaves_nothing(tmp_path):
    sink = FolderSink(tmp_path / "set")
    sink.begin()
    (tmp_path / "file").write_bytes(b"1")
    sink.put("train/shard-000000.tar", tmp_path / "file")
    sink.abort()
    assert list(tmp_path.iterdir()) == []


def test_a_dataset_is_replaced_only_when_asked(tmp_path):
    write_folder(tmp_path / "set", tmp_path / "scratch", train=2)
    old = Manifest.load(tmp_path / "set" / "manifest.json")
    with pytest.raises(UserError, match="holds a dataset already"):
        FolderSink(tmp_path / "set").begin()
    sink = FolderSink(tmp_path / "set", overwrite=True)
    sink.begin()
    sink.abort()
    assert Manifest.load(tmp_path / "set" / "manifest.json") == old
    write_dataset(FolderSink(tmp_path / "set", overwrite=True), tmp_path / "scratch", train=4)
    assert Manifest.load(tmp_path / "set" / "manifest.json").num_samples("train") == 4
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scratch", "set"]


def test_a_folder_with_other_things_and_a_file_are_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    for overwrite in (False, True):
        with pytest.raises(UserError, match="holds no dataset"):
            FolderSink(tmp_path, overwrite).begin()
        with pytest.raises(UserError, match="is a file"):
            FolderSink(tmp_path / "notes.txt", overwrite).begin()
    with pytest.raises(UserError, match="cannot write to"):
        FolderSink(tmp_path / "notes.txt" / "below").begin()
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_two_writers_of_one_folder(tmp_path):
    first = FolderSink(tmp_path / "set")
    first.begin()
    with pytest.raises(UserError, match="another process is writing"):
        FolderSink(tmp_path / "set").begin()
    first.abort()
    FolderSink(tmp_path / "set").begin()


def test_what_a_killed_writer_left_is_cleared(tmp_path):
    code = f"""
import os, signal, pathlib
from garment_uv.samples.sink import FolderSink
sink = FolderSink({str(tmp_path / "set")!r})
sink.begin()
path = pathlib.Path({str(tmp_path / "x")!r})
path.write_bytes(b"1")
sink.put("train/shard-000007.tar", path)
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", code]).returncode == -9
    assert not (tmp_path / "set").exists()
    write_folder(tmp_path / "set", tmp_path / "scratch")
    assert not (tmp_path / "set" / "train" / "shard-000007.tar").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scratch", "set"]
