"""Folders that appear whole or not at all."""

import os
import signal
import subprocess
import sys

import pytest

from garment_uv.errors import UserError
from garment_uv.training.files import (
    file_facts,
    present_folder,
    read_json,
    replaced_folder,
    verify_files,
    write_json,
)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_replaces_the_whole_folder_and_leaves_nothing_else(tmp_path):
    for text in ("old", "new"):
        with replaced_folder(tmp_path / "out") as fresh:
            (fresh / text).write_text(text)
    assert names(tmp_path) == ["out"]
    assert names(tmp_path / "out") == ["new"]


def test_an_error_keeps_the_old_folder(tmp_path):
    with replaced_folder(tmp_path / "out") as fresh:
        (fresh / "a").write_text("old")
    with pytest.raises(RuntimeError), replaced_folder(tmp_path / "out") as fresh:
        (fresh / "a").write_text("half")
        raise RuntimeError("power")
    assert names(tmp_path) == ["out"]
    assert (tmp_path / "out" / "a").read_text() == "old"


def test_a_kill_before_the_rename_keeps_the_old_folder(tmp_path):
    script = (
        "import os, signal, sys; from pathlib import Path\n"
        "from garment_uv.training.files import replaced_folder\n"
        "with replaced_folder(Path(sys.argv[1])) as fresh:\n"
        "    (fresh / 'a').write_text('half'); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    with replaced_folder(tmp_path / "out") as fresh:
        (fresh / "a").write_text("old")
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path / "out")])
    assert done.returncode == -signal.SIGKILL
    assert (tmp_path / "out" / "a").read_text() == "old"


def test_a_death_between_the_renames_is_found(tmp_path):
    with replaced_folder(tmp_path / "out") as fresh:
        (fresh / "a").write_text("old")
    os.rename(tmp_path / "out", tmp_path / "out.previous")
    assert present_folder(tmp_path / "out") == tmp_path / "out.previous"
    assert present_folder(tmp_path / "other") == tmp_path / "other"


def test_verification_names_the_damaged_file(tmp_path):
    (tmp_path / "a").write_bytes(b"good")
    facts = {"a": file_facts(tmp_path / "a")}
    verify_files(tmp_path, facts)
    (tmp_path / "a").write_bytes(b"gooe")
    with pytest.raises(UserError, match="/a is damaged"):
        verify_files(tmp_path, facts)
    (tmp_path / "a").unlink()
    with pytest.raises(UserError, match="/a is missing"):
        verify_files(tmp_path, facts)


def test_json_keeps_every_bit_of_a_float(tmp_path):
    values = {"x": 0.1 + 0.2, "y": 1e-310, "z": [2**70]}
    write_json(tmp_path / "a.json", values)
    assert read_json(tmp_path / "a.json", "thing") == values


@pytest.mark.parametrize("text", ["", "{", "[1]", "\udc80".encode("utf-8", "surrogateescape")])
def test_what_is_no_json_object_is_refused(tmp_path, text):
    (tmp_path / "a.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UserError, match="a.json"):
        read_json(tmp_path / "a.json", "thing")
