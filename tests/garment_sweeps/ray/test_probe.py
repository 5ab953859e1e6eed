"""What one node looks at when it is asked, without a cluster."""

import os
import shutil
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from garment_sweeps.ray import probe
from garment_sweeps.ray.probe import (
    cache_gib,
    check_storage_from_here,
    check_tracking,
    free_gib,
    side_by_side,
    versions,
)
from garment_sweeps.settings.code import code_digest
from garment_sweeps.settings.environment import StorageConfig
from garment_sweeps.storage.filesystem import manifest_digest


def test_a_check_that_hangs_is_named_and_left_behind(monkeypatch):
    """The time is up when the two others are done, which are waited for before."""
    never, looks = threading.Event(), iter([0.0, 0.0, 0.0, 60.0])
    monkeypatch.setattr(probe, "time", SimpleNamespace(monotonic=lambda: next(looks)))
    wrong, facts = side_by_side({"a": lambda: {"x": 1}, "c": lambda: 1 / 0, "b": lambda: never.wait()}, 60.0)
    assert facts == {"x": 1}
    assert wrong == {"b": "no answer within 60 s", "c": "division by zero"}
    never.set()


def test_versions_and_code_are_the_ones_that_are_imported():
    assert versions()["ray"] and "+" not in versions()["torch"]
    assert code_digest() == code_digest() != ""


def test_the_shard_cache_s_disk_is_measured_where_it_is_not_the_home_s(tmp_path, monkeypatch):
    home, other = tmp_path / "home", Path("/dev/shm")
    if other.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("one disk only")
    monkeypatch.delenv("GARMENT_CACHE_DIR", raising=False)
    assert cache_gib(str(home)) == {}
    monkeypatch.setenv("GARMENT_CACHE_DIR", str(tmp_path / "not" / "yet"))
    assert cache_gib(str(home)) == {}
    monkeypatch.setenv("GARMENT_CACHE_DIR", str(other / "not" / "yet"))
    free = shutil.disk_usage(other).free / 2**30
    assert cache_gib(str(home))["cache_gib"] == pytest.approx(free, abs=1.0)
    asked = probe.Question(StorageConfig(uri=str(tmp_path)).plain(), "t", "w", str(home), None, "s3://b/p", False, 30.0)
    monkeypatch.setattr(probe, "manifest_digest", lambda uri: "m")
    assert {"home_gib", "cache_gib"} <= set(probe.answer(asked, "node").facts)
    home.mkdir()
    (home / "shard-cache").symlink_to(other)  # a disk of its own, mounted in the home
    monkeypatch.delenv("GARMENT_CACHE_DIR")
    assert cache_gib(str(home))["cache_gib"] == pytest.approx(free, abs=1.0)


def test_checks_of_a_folder(tmp_path):
    storage = StorageConfig(uri=str(tmp_path)).plain()
    (tmp_path / "t").mkdir()
    with pytest.raises(ValueError, match="does not see what the driver wrote"):
        check_storage_from_here(storage, "t", "word", "n")
    (tmp_path / "t" / "driver").write_text("word")
    check_storage_from_here(storage, "t", "word", "n")
    assert os.listdir(tmp_path / "t") == ["driver"]
    assert free_gib(str(tmp_path / "not" / "yet")) > 0
    with pytest.raises(ValueError, match="no manifest.json"):
        manifest_digest(str(tmp_path))
    (tmp_path / "manifest.json").write_text("{}")
    assert manifest_digest(str(tmp_path)) == manifest_digest(f"file://{tmp_path}")
    check_tracking(f"sqlite:///{tmp_path}/to-be-made.db")
    with pytest.raises(ValueError, match="there is no folder"):
        check_tracking(f"sqlite:///{tmp_path}/none/mlflow.db")


@pytest.mark.servers
def test_checks_of_s3(s3_storage, s3_environment, tmp_path):
    import boto3

    client = boto3.client("s3")
    client.put_object(Bucket="sweeps", Key="prefix/t/driver", Body=b"word")
    check_storage_from_here(s3_storage.plain(), "t", "word", "n")
    names = [item["Key"] for item in client.list_objects_v2(Bucket="sweeps", Prefix="prefix/t/")["Contents"]]
    assert [name for name in names if not name.endswith("/")] == ["prefix/t/driver"]
    with pytest.raises(ValueError, match="does not see"):
        check_storage_from_here({**s3_storage.plain(), "uri": "s3://nope/prefix"}, "t", "word", "n")
    client.put_object(Bucket="sweeps", Key="data/manifest.json", Body=b"{}")
    assert len(manifest_digest("s3://sweeps/data")) == 64
