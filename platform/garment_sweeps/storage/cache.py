"""The node's shard cache: one download per shard and node, shared by all its processes.

In the cache's folder everything is named by a shard's sha256, so that datasets share what is equal in them:

- `objects/<sha256>`            a whole, checked shard; its modification time is its last use
- `partial/<sha256>.<bytes>`    a download under way, counted with its full size from its start
- `locks/<sha256>`              held shared by readers, exclusively by a downloader or by who removes it
- `locks/room`                  held while room is made

Locks are `flock`s: the kernel frees those of a killed process, whose partial file the next downloader
replaces. The folder must be on a disk of the node itself.
"""

import errno
import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from garment_uv.errors import UserError
from garment_uv.files import file_digest

FETCHES = 4
"""Downloads of one shard whose bytes come damaged, before its user is told."""

Fetch = Callable[[Path], tuple[int, str]]
"""Writes a shard's bytes to a path, and says how many bytes the file then has and their sha256."""

_FULL = {errno.ENOSPC, errno.EDQUOT}


class NodeCache:
    """Shards on the node's disk, at most `max_bytes` of them, the least recently used removed first.

    A shard that some process reads is never removed. When those alone fill the cache, a download waits up to
    `wait_s` seconds for room and then raises UserError.
    """

    def __init__(self, folder: str | Path, max_bytes: int, wait_s: float = 60.0) -> None:
        self.folder = Path(folder)
        self.max_bytes = max_bytes
        self._wait_s = wait_s
        self._checked: set[str] = set()

    @contextmanager
    def open(self, key: str, sha256: str, size: int, fetch: Fetch) -> Iterator[Path]:
        """The shard's file, downloaded if need be, which stays until the context ends.

        `fetch` is called by one process only, however many ask, and again when what it wrote has another sha256 or
        size. UserError, naming `key`, when that does not help or the disk is full.
        """
        with self._lock(sha256) as lock:
            while True:
                fcntl.flock(lock, fcntl.LOCK_SH)
                if self._is_whole(sha256, size):
                    break
                fcntl.flock(lock, fcntl.LOCK_EX)
                if not self._is_whole(sha256, size):
                    self._download(key, sha256, size, fetch)
            yield self._object(sha256)

    def used_bytes(self) -> int:
        """Bytes of all shards, whole and under way."""
        under_way = sum(_promised(item) for item in self._files("partial"))
        return under_way + sum(size for _, _, size in self._by_age())

    def _is_whole(self, sha256: str, size: int) -> bool:
        """Whether the shard is there, undamaged; its bytes are read for that once per process."""
        path = self._object(sha256)
        try:
            if path.stat().st_size != size:
                return False
            if sha256 not in self._checked and file_digest(path) != (size, sha256):
                return False
            os.utime(path)
        except FileNotFoundError:
            return False
        self._checked.add(sha256)
        return True

    def _download(self, key: str, sha256: str, size: int, fetch: Fetch) -> None:
        """Fetches under the shard's exclusive lock."""
        self._object(sha256).unlink(missing_ok=True)
        partial = self._folder("partial") / f"{sha256}.{size}"
        try:
            self._make_room(key, sha256, size, partial)
            for _ in range(FETCHES):
                found_size, found = fetch(partial)
                if (found_size, found) == (size, sha256):
                    break
            else:
                came = f"with sha256 {found[:12]}.. " if found else ""
                raise UserError(
                    f"shard {key} is corrupt: {found_size} bytes {came}came, {FETCHES} times, its "
                    f"manifest says {size} with {sha256[:12]}..; check the dataset with `garment data verify`"
                )
            os.replace(partial, self._object(sha256))
        except OSError as error:
            if error.errno in _FULL:
                raise self._disk_full(key, size) from None
            raise UserError(f"cannot cache shard {key} in {self.folder}: {error.strerror or error}") from None
        finally:
            partial.unlink(missing_ok=True)
        self._checked.add(sha256)

    def _make_room(self, key: str, sha256: str, size: int, partial: Path) -> None:
        """Removes shards until this one fits, then creates its partial file, which reserves the room."""
        if size > self.max_bytes:
            raise UserError(
                f"shard {key} of {size} bytes does not fit into the shard cache of {self.max_bytes} bytes; "
                "raise GARMENT_CACHE_GB"
            )
        end = time.monotonic() + self._wait_s
        while True:
            with self._lock("room") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                partial.unlink(missing_ok=True)
                self._evict(size, keep=sha256)
                if self.used_bytes() + size <= self.max_bytes:
                    if shutil.disk_usage(self.folder).free < size:
                        raise self._disk_full(key, size)
                    partial.touch()
                    return
            if time.monotonic() >= end:
                raise UserError(
                    f"no room for shard {key} in the shard cache {self.folder}: its {self.max_bytes} bytes "
                    "are all in use; raise GARMENT_CACHE_GB"
                )
            time.sleep(0.2)

    def _evict(self, size: int, keep: str) -> None:
        """Removes what nobody uses, dead downloads first, then by age, until `size` more bytes fit."""
        for left in self._files("partial"):
            self._remove(left, left.name.partition(".")[0], keep)
        for _, name, _ in self._by_age():
            free = shutil.disk_usage(self.folder).free
            if self.used_bytes() + size <= self.max_bytes and free >= size:
                return
            self._remove(self._object(name), name, keep)

    def _remove(self, path: Path, sha256: str, keep: str) -> None:
        """Removes a file unless its shard is being read or downloaded."""
        if sha256 == keep:
            return
        with self._lock(sha256) as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            path.unlink(missing_ok=True)

    def _disk_full(self, key: str, size: int) -> UserError:
        free = shutil.disk_usage(self.folder).free
        return UserError(
            f"the disk of the shard cache {self.folder} is full: shard {key} needs {size} bytes, "
            f"{free} are free; free some, or set GARMENT_CACHE_DIR to another disk"
        )

    @contextmanager
    def _lock(self, name: str) -> Iterator[int]:
        """An open lock file, not yet locked; closing it frees the lock."""
        descriptor = os.open(self._folder("locks") / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def _object(self, sha256: str) -> Path:
        return self._folder("objects") / sha256

    def _folder(self, name: str) -> Path:
        folder = self.folder / name
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(
                f"cannot use the shard cache {self.folder}: {error.strerror}; set GARMENT_CACHE_DIR to another folder"
            ) from None
        return folder

    def _by_age(self) -> list[tuple[int, str, int]]:
        """(last use in ns, sha256, bytes) of the whole shards, the oldest first."""
        found = []
        for item in self._files("objects"):
            try:
                status = item.stat()
            except FileNotFoundError:
                continue
            found.append((status.st_mtime_ns, item.name, status.st_size))
        return sorted(found)

    def _files(self, name: str) -> list[Path]:
        return sorted(self._folder(name).iterdir())


def _promised(partial: Path) -> int:
    """Bytes that a download under way will have, from its name."""
    promised = partial.name.rpartition(".")[2]
    return int(promised) if promised.isdigit() else 0
