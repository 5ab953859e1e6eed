"""What is sent to a cluster."""

import pytest

from garment_sweeps.cluster import submit
from garment_uv.errors import UserError


def test_what_is_large_and_stays_behind_does_not_count(tmp_path, monkeypatch):
    monkeypatch.setattr(submit, "LIMIT_BYTES", 1000)
    (tmp_path / "code.py").write_bytes(b"x" * 500)
    for name in (".garment", ".venv", ".git"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "big").write_bytes(b"x" * 5000)
    assert submit.check_size(tmp_path) == 500


def test_a_folder_that_ray_would_refuse_is_refused_with_its_largest_files(tmp_path, monkeypatch):
    monkeypatch.setattr(submit, "LIMIT_BYTES", 1000)
    (tmp_path / "weights.bin").write_bytes(b"x" * 5000)
    with pytest.raises(UserError, match="weights.bin"):
        submit.check_size(tmp_path)


def test_a_dashboard_that_is_not_there_is_said_in_one_line(tmp_path):
    with pytest.raises(UserError, match="no Ray dashboard answers") as caught:
        submit.submit("http://127.0.0.1:9", ["quickstart"], {}, folder=tmp_path)
    assert "\n" not in str(caught.value)
