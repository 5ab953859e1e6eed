"""The node's cache among real processes: one download, whole or not at all, bounded, never under a reader."""

import errno
import hashlib
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from garment_sweeps.settings.environment import cache_folder
from garment_sweeps.storage.cache import NodeCache
from garment_sweeps.storage.source import default_cache
from garment_uv.errors import UserError


def shard(number: int, size: int = 1000) -> tuple[str, int, bytes]:
    data = bytes([number]) * size
    return hashlib.sha256(data).hexdigest(), size, data


def write(path: Path, data: bytes) -> tuple[int, str]:
    path.write_bytes(data)
    return len(data), hashlib.sha256(data).hexdigest()


def path_of(cache: NodeCache, *shard) -> Path:
    """The shard's file, which others may remove from now on."""
    with cache.open(*shard) as path:
        return path


def get(cache: NodeCache, number: int, size: int = 1000) -> Path:
    sha256, size, data = shard(number, size)
    return path_of(cache, f"shard {number}", sha256, size, lambda path: write(path, data))


def opened(cache: NodeCache, number: int, size: int = 1000):
    sha256, size, data = shard(number, size)
    return cache.open(f"shard {number}", sha256, size, lambda path: write(path, data))


def there(cache: NodeCache) -> set[int]:
    return {path.read_bytes()[0] for path in (cache.folder / "objects").iterdir()}


def refuse(path: Path) -> None:
    raise AssertionError("was downloaded again")


def ask(folder: Path, start, answers) -> None:
    sha256, size, data = shard(7, 3_000_000)

    def fetch(path: Path) -> None:
        with open(folder / "downloads", "a") as log:
            log.write(f"{os.getpid()}\n")
        with open(path, "wb") as file:
            for part in range(0, size, 500_000):
                file.write(data[part : part + 500_000])
                time.sleep(0.05)
        return size, sha256

    start.wait()
    with NodeCache(folder / "cache", 10_000_000).open("seven", sha256, size, fetch) as path:
        answers.put(hashlib.sha256(path.read_bytes()).hexdigest() == sha256)


def test_eight_processes_make_one_download(tmp_path):
    context = multiprocessing.get_context("fork")
    start, answers = context.Barrier(8), context.Queue()
    processes = [context.Process(target=ask, args=(tmp_path, start, answers)) for _ in range(8)]
    for process in processes:
        process.start()
    assert [answers.get(timeout=600) for _ in processes] == [True] * 8
    for process in processes:
        process.join(timeout=600)
        assert process.exitcode == 0
    assert len((tmp_path / "downloads").read_text().split()) == 1


def test_a_killed_downloader_is_replaced(tmp_path):
    sha256, size, data = shard(3)
    code = f"""
import time
from pathlib import Path
from garment_sweeps.storage.cache import NodeCache

def fetch(path):
    path.write_bytes(b"half")
    Path({str(tmp_path / "started")!r}).touch()
    time.sleep(3600)

NodeCache({str(tmp_path / "cache")!r}, 2500).open("three", {sha256!r}, {size}, fetch).__enter__()
"""
    process = subprocess.Popen([sys.executable, "-c", code])
    end = time.monotonic() + 600
    while not (tmp_path / "started").exists() and time.monotonic() < end:
        time.sleep(0.05)
    cache = NodeCache(tmp_path / "cache", 2500)
    assert cache.used_bytes() == size, "a download under way counts in full"
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert get(cache, 3).read_bytes() == data
    assert list((tmp_path / "cache" / "partial").iterdir()) == []


def test_what_a_killed_downloader_left_makes_room_for_others(tmp_path):
    cache = NodeCache(tmp_path, 2500)
    get(cache, 1)
    (tmp_path / "partial" / f"{shard(9)[0]}.1000").write_bytes(b"half")
    assert cache.used_bytes() == 2000
    get(cache, 2)
    assert there(cache) == {1, 2} and cache.used_bytes() == 2000


def test_what_is_there_is_not_fetched_again(tmp_path):
    get(NodeCache(tmp_path, 5000), 1)
    sha256, size, data = shard(1)
    assert path_of(NodeCache(tmp_path, 5000), "one", sha256, size, refuse).read_bytes() == data


def test_the_least_recently_used_goes_first(tmp_path):
    cache = NodeCache(tmp_path, 3000)
    for number in (1, 2, 3):
        os.utime(get(cache, number), (number, number))  # seconds after 1970
    get(cache, 1)
    get(cache, 4)
    assert there(cache) == {1, 3, 4} and cache.used_bytes() == 3000


def test_what_is_read_is_never_removed(tmp_path):
    cache = NodeCache(tmp_path, 2000, wait_s=0.3)
    with opened(cache, 1) as first:
        get(cache, 2)
        get(cache, 3)
        assert first.exists() and there(cache) == {1, 3}
        with opened(NodeCache(tmp_path, 2000), 3), pytest.raises(UserError, match="all in use; raise") as told:
            get(cache, 4)
        assert "\n" not in str(told.value)
        assert there(cache) == {1, 3}
    get(cache, 4)
    assert cache.used_bytes() <= 2000


def test_a_shard_beyond_the_bound_is_refused(tmp_path):
    cache = NodeCache(tmp_path, 900)
    with pytest.raises(UserError, match="does not fit into the shard cache of 900 bytes; raise GARMENT_CACHE_GB"):
        get(cache, 1)
    assert cache.used_bytes() == 0


def test_wrong_bytes_are_refused_and_not_kept(tmp_path):
    cache = NodeCache(tmp_path, 5000)
    sha256, size, data = shard(1)
    for wrong in (data[:-1], data[:-1] + b"?", b""):
        with pytest.raises(UserError, match="shard train/x.tar is corrupt"):
            path_of(cache, "train/x.tar", sha256, size, lambda path, wrong=wrong: write(path, wrong))
    assert cache.used_bytes() == 0
    assert get(cache, 1).read_bytes() == data


def test_bytes_that_were_damaged_on_their_way_are_fetched_again(tmp_path):
    sha256, size, data = shard(1)
    came = [b"half", data[:-1] + b"?", data]
    path = path_of(NodeCache(tmp_path, 5000), "one", sha256, size, lambda path: write(path, came.pop(0)))
    assert path.read_bytes() == data and came == []


def test_a_byte_flipped_in_the_cache_is_mended(tmp_path):
    path = get(NodeCache(tmp_path, 5000), 1)
    _, _, data = shard(1)
    path.write_bytes(b"?" + data[1:])
    assert get(NodeCache(tmp_path, 5000), 1).read_bytes() == data


def test_a_full_disk_is_told_and_nothing_stays(tmp_path):
    cache = NodeCache(tmp_path, 5000)
    sha256, size, _ = shard(1)

    def fetch(path: Path) -> None:
        path.write_bytes(b"half")
        with open("/dev/full", "wb", buffering=0) as full:
            full.write(b"the other half")

    with pytest.raises(UserError, match="is full: shard one needs 1000 bytes.*GARMENT_CACHE_DIR") as told:
        path_of(cache, "one", sha256, size, fetch)
    assert "\n" not in str(told.value) and cache.used_bytes() == 0


def test_a_shard_larger_than_the_disk_is_refused_before_its_download(tmp_path):
    with pytest.raises(UserError, match="is full"):
        path_of(NodeCache(tmp_path, 10**18), "huge", "0" * 64, 10**17, refuse)


@pytest.fixture
def small_disk(tmp_path):
    """A real file system of 2 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", folder], capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"no small disk can be mounted here, which root alone may: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_disk_that_fills_up_is_told_and_the_cache_stays_whole(small_disk):
    cache = NodeCache(small_disk / "cache", 10**9)
    kept = get(cache, 1, 600_000)
    sha256, size, data = shard(2, 700_000)

    def fetch(path: Path) -> tuple[int, str]:
        with open(path, "wb") as file:
            file.write(data[:300_000])
            (small_disk / "another_program").write_bytes(b"x" * 1_000_000)  # takes what was left
            file.write(data[300_000:])
            file.flush()
        return size, sha256

    with opened(NodeCache(small_disk / "cache", 10**9), 1, 600_000):  # in use, so that it cannot make room
        with pytest.raises(UserError, match="is full: shard two needs 700000 bytes.*GARMENT_CACHE_DIR") as told:
            path_of(cache, "two", sha256, size, fetch)
        assert "\n" not in str(told.value)
        assert list((small_disk / "cache" / "partial").iterdir()) == []
        assert there(cache) == {1} and hashlib.sha256(kept.read_bytes()).hexdigest() == kept.name
    (small_disk / "another_program").unlink()
    assert get(cache, 2, 700_000).read_bytes() == data


def test_a_small_disk_is_a_smaller_cache(small_disk):
    cache = NodeCache(small_disk / "cache", 10**9)
    for number in (1, 2, 3, 4, 5):
        assert get(cache, number, 600_000).read_bytes() == shard(number, 600_000)[2]
    assert there(cache) == {3, 4, 5} and cache.used_bytes() == 1_800_000


def test_other_faults_of_the_disk_are_told(tmp_path):
    def fetch(path: Path) -> None:
        raise OSError(errno.EIO, "Input/output error")

    sha256, size, _ = shard(1)
    with pytest.raises(UserError, match="cannot cache shard one"):
        path_of(NodeCache(tmp_path, 5000), "one", sha256, size, fetch)
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="set GARMENT_CACHE_DIR"):
        get(NodeCache(tmp_path / "file", 5000), 1)


def test_the_node_s_own_cache_lies_in_the_home_unless_it_is_given_a_place(tmp_path, monkeypatch):
    monkeypatch.setenv("GARMENT_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("GARMENT_CACHE_DIR", raising=False)
    assert default_cache().folder == tmp_path / "home" / "shard-cache"
    monkeypatch.setenv("GARMENT_CACHE_DIR", "")
    assert default_cache().folder == tmp_path / "home" / "shard-cache"
    monkeypatch.setenv("GARMENT_CACHE_DIR", str(tmp_path / "elsewhere"))
    assert default_cache().folder == tmp_path / "elsewhere"
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GARMENT_HOME")
    monkeypatch.delenv("GARMENT_CACHE_DIR")
    assert default_cache().folder == tmp_path / ".garment" / "shard-cache"
    assert cache_folder("/home/of/a/trial") == Path("/home/of/a/trial/shard-cache")


def test_the_node_s_own_cache_is_set_by_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("GARMENT_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("GARMENT_CACHE_GB", "0.5")
    assert (default_cache().folder, default_cache().max_bytes) == (tmp_path, 500_000_000)
    for wrong in ("lots", "-1", "0", "nan", "inf"):
        monkeypatch.setenv("GARMENT_CACHE_GB", wrong)
        with pytest.raises(UserError, match="GARMENT_CACHE_GB"):
            default_cache()
