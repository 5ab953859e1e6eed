"""Files known by their sha256, and JSON."""

import pytest

from garment_uv.errors import UserError
from garment_uv.files import (
    file_facts,
    read_json,
    verify_files,
    write_json,
)


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
