"""What `garment doctor` measures: the disks that a trial fills, each by its name."""

import shutil
from pathlib import Path

import pytest

from garment_sweeps.cli import doctor

OTHER = Path("/dev/shm")


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home that is not there yet, the user's cache folder beside it, and no other settings."""
    monkeypatch.setenv("GARMENT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    monkeypatch.delenv("GARMENT_CACHE_DIR", raising=False)
    return tmp_path / "home"


def gib(found: str) -> float:
    return float(found.partition(" GiB free at")[0].rpartition(" ")[2])


def test_the_shard_cache_lies_in_the_home_and_its_disk_is_measured_with_it(home):
    assert doctor._shard_cache() == doctor.Check(
        "shard cache", True, f"{home}/shard-cache, on the home's disk", needed=False
    )
    assert gib(doctor._disk().found) == pytest.approx(shutil.disk_usage(home.parent).free / 2**30, abs=2)


@pytest.mark.skipif(OTHER.stat().st_dev == Path("/tmp").stat().st_dev, reason="one disk only")
def test_a_shard_cache_on_a_disk_of_its_own_is_measured_and_named_too(home, monkeypatch):
    monkeypatch.setenv("GARMENT_CACHE_DIR", str(OTHER / "not" / "yet"))
    found = doctor._shard_cache()
    assert found.ok and found.found.startswith(f"{OTHER}/not/yet, ") and found.found.endswith(f" GiB free at {OTHER}")
    assert gib(found.found) == pytest.approx(shutil.disk_usage(OTHER).free / 2**30, abs=2)
    monkeypatch.setattr(doctor, "NEEDED_DISK_GIB", 1_000_000)
    assert doctor._shard_cache().needed and doctor._shard_cache().mend.endswith("set GARMENT_CACHE_DIR to another disk")
    assert doctor._disk().mend.endswith("set GARMENT_HOME to another disk")


def test_a_cache_where_it_used_to_lie_is_told(home, tmp_path):
    former = tmp_path / "user" / "garment-sweeps" / "shards"
    former.mkdir(parents=True)
    found = doctor._shard_cache()
    assert not found.ok and not found.needed
    assert found.mend == f"an older one lies unused in {former}: remove it, or move it to {home}/shard-cache"
